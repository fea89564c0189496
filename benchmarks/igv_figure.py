"""Tracks of `dnabert scan` as igv.js shows them.

    python benchmarks/igv_figure.py --igv igv.min.js --genome genome.fa --locus chr1:1-1000 --out figure.png NAME=FILE ...

The page is what a user would write: igv.js, a genome of their own, and the files as they come from the scan. It is served to a headless
Chromium from this machine, with byte ranges, as igv.js reads them. igv.js is not kept here; `npm install igv` has it as dist/igv.min.js.
"""

import argparse
import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pysam

_TYPES = {".bw": ("wig", "bigwig"), ".bed": ("annotation", "bed"), ".gtf": ("annotation", "gtf")}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#555555", "#CC79A7")
_PAGE = """<!doctype html><meta charset="utf-8"><style>body{{margin:6px;font-family:sans-serif}}</style>
<div id="igv"></div><script src="igv.js"></script>
<script>igv.createBrowser(document.getElementById("igv"), {options}).then(() => {{ document.title = "ready" }});</script>
"""


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, whole or by byte range (RFC 9110, section 14: one range of the form first-last)."""

    def do_GET(self) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if found is None or not path.is_file():
            super().do_GET()
            return
        size = path.stat().st_size
        first = int(found[1])
        last = min(int(found[2]) if found[2] else size - 1, size - 1)
        if first > last:
            self.send_error(416)
            return
        with path.open("rb") as handle:
            handle.seek(first)
            body = handle.read(last - first + 1)
        self.send_response(206)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing: one line for each request helps nobody."""


def browser_options(genome: str, locus: str, tracks: list[tuple[str, str]], height: int) -> dict[str, Any]:
    """What igv.createBrowser is given.

    Args:
        genome: Name of the FASTA file, whose index lies beside it.
        locus: The place, ``contig:start-end``, 1-based.
        tracks: Name and file of each track.
        height: Height of a track of values, in pixels.
    """
    found = []
    for number, (name, file) in enumerate(tracks):
        kind, form = _TYPES[Path(file).suffix]
        own: dict[str, Any] = {"name": name, "url": file, "type": kind, "format": form, "color": _COLOURS[number % len(_COLOURS)]}
        if kind == "wig":
            own |= {"min": 0, "max": 1, "height": height}
        else:
            own |= {"displayMode": "EXPANDED", "height": 70, "indexed": False}
        found.append(own)
    reference = {"id": genome, "fastaURL": genome, "indexURL": f"{genome}.fai"}
    return {"reference": reference, "locus": locus, "tracks": found, "showCenterGuide": False}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python benchmarks/igv_figure.py", description="Tracks as igv.js shows them.")
    parser.add_argument("tracks", nargs="+", metavar="NAME=FILE", help="bigWig, BED or GTF")
    parser.add_argument("--igv", type=Path, required=True, help="igv.min.js")
    parser.add_argument("--genome", type=Path, required=True, help="FASTA; bgzipped or not")
    parser.add_argument("--locus", required=True, help="contig:start-end, 1-based")
    parser.add_argument("--out", type=Path, required=True, help="PNG")
    parser.add_argument("--size", default="1100,420", help="width and height in pixels (default: %(default)s)")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("chromium is not installed; on Debian: apt install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(options.igv, folder / "igv.js")
        contig = options.locus.split(":")[0]
        with pysam.FastaFile(str(options.genome)) as genome:
            (folder / "genome.fa").write_text(f">{contig}\n{genome.fetch(contig)}\n")
        pysam.faidx(str(folder / "genome.fa"))
        tracks = []
        for text in options.tracks:
            name, _, file = text.partition("=")
            copy = folder / f"track{len(tracks)}{Path(file).suffix}"
            shutil.copy(file, copy)
            tracks.append((name, copy.name))
        page = _PAGE.format(options=json.dumps(browser_options("genome.fa", options.locus, tracks, 90)))
        (folder / "index.html").write_text(page)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(RangeHandler, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
        flags += [f"--user-data-dir={folder / 'profile'}", f"--window-size={options.size}", "--virtual-time-budget=20000"]
        flags += ["--force-device-scale-factor=1.5", f"--screenshot={options.out.resolve()}"]
        subprocess.run([chromium, *flags, f"http://127.0.0.1:{server.server_port}/"], check=True, capture_output=True)
        server.shutdown()
    print(options.out, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
