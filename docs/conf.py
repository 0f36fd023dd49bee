"""Sphinx configuration."""

from __future__ import annotations

import hrtem_bench

project = "hrtem-bench"
author = "the hrtem-bench developers"
copyright = "the hrtem-bench developers; text and figures CC BY 4.0"
version = release = hrtem_bench.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["cupy"]

html_theme = "furo"
html_title = f"hrtem-bench {release}"
