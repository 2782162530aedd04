"""Stands in for the private package that the SDK authors' tests are written with.

Nothing is recorded or replayed: each test speaks to the server of TOLLGATE_CONNECTION.
"""

import inspect
import os
import uuid


class AzureRecordedTestCase:
    def get_credential(self, _client, **_options):
        return None

    def get_resource_name(self, name):
        return f"{name}{uuid.uuid4().hex[:8]}"


class EnvironmentVariableLoader:
    """Gives a test the endpoint as an argument of the name that it was declared with."""

    def __init__(self, _prefix, **names):
        connection = os.environ["TOLLGATE_CONNECTION"]
        endpoint = connection.removeprefix("Endpoint=").split(";")[0]
        self.arguments = dict.fromkeys(names, endpoint)

    def __call__(self, test):
        if inspect.iscoroutinefunction(test):

            async def run(case):
                return await test(case, **self.arguments)

        else:

            def run(case):
                return test(case, **self.arguments)

        run.__name__ = test.__name__
        run.__doc__ = test.__doc__
        return run


def recorded_by_proxy(test):
    return test


def set_custom_default_matcher(**_options):
    pass
