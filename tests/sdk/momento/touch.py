"""One call of the official Python SDK: touch.py CREDENTIALS CACHE KEY [VALUE]

Prints what is under the key, or `miss`; with a value stores it, without a word, for 300 seconds.
"""

import base64
import json
import sys
from datetime import timedelta

from momento import CacheClient, Configurations, CredentialProvider

momento, (cache, key, *values) = json.loads(sys.argv[1])["momento"], sys.argv[2:]
token = json.loads(base64.b64decode(momento["api_key"]))["api_key"]
host, port = momento["grpc_endpoint"].rsplit(":", 1)
provider = CredentialProvider(token, host, host, host, int(port))
with CacheClient.create(Configurations.Laptop.v1(), provider, timedelta(seconds=300)) as client:
    for value in values:
        assert type(client.set(cache, key, value)).__name__ == "Success"
    if not values:
        found = client.get(cache, key)
        print(found.value_string if type(found).__name__ == "Hit" else "miss")
