""".ci/docs sees what a page loads from elsewhere, and links that lead nowhere. Its pages are planted, not built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GOOD = """
<link rel="canonical" href="https://elsewhere.example/"><link rel="stylesheet" href="site.css">
<h2 id="here">Here</h2><img src="site.css"><img src="data:,"><a href="#here">1</a><a href="below/other.html#there">2</a>
<a href="https://elsewhere.example/page">3</a>
"""
OTHER = '<h2 id="there">There</h2><a href="../index.html">back</a>'


def looked_at(folder: Path, page: str, style: str = "") -> subprocess.CompletedProcess[str]:
    """Let .ci/docs look at a site of two pages and a stylesheet."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "docs", folder / ".ci")
    (folder / "site" / "below").mkdir(parents=True)
    (folder / "outside.html").touch()
    (folder / "site" / "index.html").write_text(page)
    (folder / "site" / "below" / "other.html").write_text(OTHER)
    (folder / "site" / "site.css").write_text(style)
    builder = folder / "zensical"
    builder.write_text("#!/bin/sh\n")
    builder.chmod(0o700)
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, str(folder / ".ci" / "docs")]
    return subprocess.run(command, env={**os.environ, **paths}, check=False, capture_output=True, text=True)


def test_a_site_that_stands_by_itself_passes(tmp_path: Path) -> None:
    done = looked_at(tmp_path, GOOD, "body { background: url(data:,) }")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "planted",
    [
        '<script src="https://elsewhere.example/a.js"></script>',
        '<img src="//elsewhere.example/a.png">',
        '<img srcset="https://elsewhere.example/a.png">',
        '<link rel="stylesheet" href="https://elsewhere.example/a.css">',
        '<link rel="preconnect" href="https://elsewhere.example">',
        '<img src="missing.png">',
        '<img src="../outside.html">',
        '<pre class="mermaid">graph</pre>',
        '<a href="missing.html">m</a>',
        '<a href="../outside.html">m</a>',
        '<a href="#missing">m</a>',
        '<a href="below/other.html#missing">m</a>',
        '<a href="http://elsewhere.example">m</a>',
        '<a href="https://elsewhere">m</a>',
        '<a href="https://elsewhere.example/a b">m</a>',
    ],
)
def test_what_a_page_must_not_hold_is_seen(tmp_path: Path, planted: str) -> None:
    done = looked_at(tmp_path, GOOD + planted)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["index.html"]


@pytest.mark.parametrize("style", ['@import "a.css";', "a { background: url('https://elsewhere.example/a') }"])
def test_a_stylesheet_that_loads_from_elsewhere_is_seen(tmp_path: Path, style: str) -> None:
    assert looked_at(tmp_path, GOOD, style).returncode == 1
