"""The requests of a recorded run once more, one after the other by a plain loop: what they cost by themselves.

Answers are read and their JSON is parsed, and nothing is done with it.
"""

import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

import requests
from rows import done, job


def main() -> None:
    """Send them, with tokens of this sandbox."""
    asked = job()
    ready = asked["ready"]
    here = urlsplit(ready["url"]).netloc
    org = ready["salesforce"]["integration"]["access_token"]
    count = 0
    with requests.Session() as session, Path(asked["recorded"]).open(encoding="utf-8") as lines:
        session.trust_env = False
        session.verify = ready["ca"]
        for line in lines:
            one = json.loads(line)
            url = urlsplit(one["url"])._replace(netloc=here)
            if not url.path.startswith(("/v1.0/", "/services/data/")):
                continue  # a sign-in
            token = asked["token"] if url.path.startswith("/v1.0/") else org
            headers = {**one["headers"], "Authorization": f"Bearer {token}"}
            body = base64.b64decode(one["body"]) or None
            answer = session.request(one["method"], url.geturl(), data=body, headers=headers, timeout=300)
            if "json" in answer.headers.get("Content-Type", ""):
                answer.json()
            count += 1
    done(sent=count)


if __name__ == "__main__":
    main()
