"""The array libraries that the GPU engines are run on without a GPU."""

from __future__ import annotations

import numpy as np


def libraries():
    """Name -> (namespace, function that makes its array of a NumPy one)."""
    import array_api_compat.numpy
    import array_api_compat.torch
    import torch

    return {"numpy": (array_api_compat.numpy, np.asarray), "torch": (array_api_compat.torch, torch.from_numpy)}
