"""A Chromium for the browser tests: one that is there, else Playwright's own, else the system's package.

Run as ``python -m tests.browser.chromium`` to install one where none is found.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def find(playwright: Playwright) -> str | None:
    """Return the path of a browser that starts, or None."""
    installed = [shutil.which(name) for name in NAMES]
    for path in (os.environ.get("LOBULE_CHROMIUM"), *installed, playwright.chromium.executable_path):
        if path and Path(path).exists():
            try:
                playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS)).close()
            except Error:
                continue
            return path
    return None


def install() -> str:
    """Return the path of a browser that starts, installing one first if there is none."""
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways[0].append("--with-deps")
        ways += [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]]
    with sync_playwright() as playwright:
        found = find(playwright)
    for way in ways:
        if found:
            break
        print("No Chromium found; trying:", " ".join(way), flush=True)
        subprocess.run(way, check=False)
        with sync_playwright() as playwright:
            found = find(playwright)
    if not found:
        sys.exit("No Chromium starts here. Install one, or set LOBULE_CHROMIUM to its path, and run again.")
    return found


if __name__ == "__main__":
    print("Chromium:", install())
