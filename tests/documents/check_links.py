"""Ask every link to other sites in the documents whether it leads somewhere (``make test-docs``; needs a network).

A page that is gone (404, 410) or a site that has no address ends with 1. A site that is busy, refuses programs or wants
a login is told of and passes: it is there.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from documents.markdown import ROOT, documents, links

SECONDS = 30
GONE = (404, 410)
AGENT = {"User-Agent": "Mozilla/5.0 (links of anpi's documents)"}


def external_links() -> dict[str, list[str]]:
    """Return the files that link to each address, its fragment left out."""
    found: dict[str, list[str]] = {}
    for file in documents():
        for link in links(file):
            if link.startswith(("http://", "https://")):
                found.setdefault(link.partition("#")[0], []).append(str(file.relative_to(ROOT)))
    return found


def ask(url: str) -> tuple[bool, str]:
    """Return whether an address leads somewhere, and what it answered."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=AGENT), timeout=SECONDS) as answer:
            return True, str(answer.status)
    except urllib.error.HTTPError as error:
        return error.code not in GONE, f"answers {error.code}"
    except (urllib.error.URLError, TimeoutError) as error:
        return isinstance(error, TimeoutError), str(error)


def main() -> None:
    found = external_links()
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(found, pool.map(ask, found), strict=True))
    for url, (leads, told) in answers.items():
        if told != "200":
            print(f"{'odd ' if leads else 'GONE'} {url} ({told}), in {', '.join(sorted(set(found[url])))}")
    gone = sum(not leads for leads, _ in answers.values())
    print(f"{len(answers)} addresses, {gone} lead nowhere")
    sys.exit(1 if gone else 0)


if __name__ == "__main__":
    main()
