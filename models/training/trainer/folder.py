"""Writes models/<name>/<version>/: all files or none."""

import hashlib
import json
import shutil
from pathlib import Path


def write_model_folder(folder: Path, manifest: dict, files: dict[str, bytes], card: str) -> None:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, content in files.items():
        (part / name).write_bytes(content)
    ordered = {"name": manifest["name"], "version": manifest["version"], "files": hashes, **manifest}
    (part / "manifest.json").write_text(json.dumps(ordered, indent=2) + "\n", "utf8")
    (part / "card.md").write_text(card, "utf8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def compact_json(value: object) -> bytes:
    return (json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n").encode()
