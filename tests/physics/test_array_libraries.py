"""One code path for NumPy, PyTorch and CuPy: kind, dtype, values, gradients, inputs left alone."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hrtem_bench import Condition, chi, ctf, wave_transfer
from hrtem_bench.errors import InputError
from hrtem_bench.physics import (
    aperture,
    chi_gradient,
    mean_transfer,
    spatial_envelope,
    temporal_envelope,
    transfer_spectrum,
)

CONDITION = Condition(
    C10=-60.0,
    C30=2e4,
    aberrations={"C12": 10.0, "phi12": 0.3, "C21": 200.0, "phi21": 1.0, "C56": 1e5, "C50": 1e5},
    focal_spread=8.0,
    angular_spread=0.3,
    aperture=30.0,
)
REAL = [
    chi,
    ctf,
    temporal_envelope,
    spatial_envelope,
    aperture,
    transfer_spectrum,
    mean_transfer,
    lambda *a: chi_gradient(*a)[0],
    lambda *a: chi_gradient(*a)[1],
]


def _as_numpy(array: Any) -> np.ndarray:
    return array.get() if hasattr(array, "get") else np.asarray(array)


@pytest.mark.parametrize("bare", [Condition(), CONDITION], ids=["default", "full"])
@pytest.mark.parametrize("function", [*REAL, wave_transfer])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_kind_dtype_and_values(library: ModuleType, function: Callable, precision: str, bare: Condition) -> None:
    qx, qy = np.linspace(-1.5, 1.5, 12)[:, None], np.linspace(-1.4, 1.6, 7)
    dtype = getattr(library, precision)
    given = library.asarray(qx, dtype=dtype), library.asarray(qy, dtype=dtype)
    result = function(*given, bare)
    assert type(result) is type(given[0])
    expected_type = (
        precision if function is not wave_transfer else {"float32": "complex64"}.get(precision, "complex128")
    )
    assert str(result.dtype).endswith(expected_type)
    assert tuple(result.shape) == (12, 7)
    tolerance = 1e-4 if precision == "float32" else 1e-12
    reference = function(qx, qy, bare)
    np.testing.assert_allclose(_as_numpy(result), reference, rtol=tolerance, atol=tolerance * np.abs(reference).max())


@pytest.mark.parametrize("function", [*REAL, wave_transfer])
def test_read_only_inputs_are_enough(function: Callable) -> None:
    qx, qy = np.linspace(-1, 1, 9), np.linspace(1, 2, 9)
    for q in (qx, qy):
        q.setflags(write=False)
    assert np.isfinite(function(qx, qy, CONDITION)).all()


@pytest.mark.parametrize("function", [*REAL, wave_transfer])
def test_torch_inputs_are_left_alone(function: Callable) -> None:
    torch = pytest.importorskip("torch")
    qx = torch.linspace(-1, 1, 9, dtype=torch.float64)
    before = qx.clone()
    function(qx, 0.5, CONDITION)
    assert torch.equal(qx, before)


@pytest.mark.parametrize("function", [f for f in REAL if f is not aperture] + [wave_transfer])
def test_torch_gradients_are_right_also_at_zero_frequency(function: Callable) -> None:
    torch = pytest.importorskip("torch")
    qx = torch.tensor([0.0, 0.0, 0.3, -0.8], dtype=torch.float64, requires_grad=True)
    qy = torch.tensor([0.0, 0.4, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, y: function(x, y, CONDITION), (qx, qy))
    (slope,) = torch.autograd.grad(abs(function(qx, qy, CONDITION)).sum(), qx)
    assert torch.isfinite(slope[1:]).all()


def test_chi_gradient_is_what_torch_derives(drawn: Condition) -> None:
    torch = pytest.importorskip("torch")
    qx, qy = (torch.tensor(v, requires_grad=True) for v in np.random.default_rng(2).uniform(-2, 2, (2, 50)))
    derived = torch.autograd.grad(chi(qx, qy, drawn).sum(), (qx, qy))
    for ours, theirs in zip(chi_gradient(qx, qy, drawn), derived, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-8)


def test_plain_numbers_join_the_arrays(library: ModuleType) -> None:
    q = library.asarray([0.1, 0.2], dtype=library.float32)
    for mixed in (chi(q, 0.5, CONDITION), chi(np.float64(0.5), q, CONDITION)):
        assert type(mixed) is type(q)
        assert mixed.dtype == q.dtype
    assert np.ndim(chi(0.1, 0.5, CONDITION)) == 0
    assert chi([0.1, 0.2], 0.5, CONDITION).shape == (2,)


def test_integers_count_as_frequencies() -> None:
    assert chi(1, np.arange(3), CONDITION) == pytest.approx(chi(1.0, np.arange(3.0), CONDITION))


@pytest.mark.parametrize("bad", [1j, np.array(["a"])])
def test_frequencies_that_are_not_real_are_an_error(bad: Any) -> None:
    with pytest.raises(InputError, match="must be real numbers"):
        chi(bad, 0.0, CONDITION)
