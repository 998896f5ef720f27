"""Of the command line."""

import os
from pathlib import Path


def caller_path(path: str) -> Path:
    """train.sh changes the directory: paths are meant from where it was called."""
    return Path(os.environ.get("ASSAY_CALLER_CWD", ".")) / path
