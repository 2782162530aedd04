"""A plugin of pytest: the authors' clients take a connection string instead of a token, which
their SDK never sends over plain HTTP."""

import os


def pytest_collection_finish(session):
    import asynctestcase
    import testcase
    from azure.appconfiguration import AzureAppConfigurationClient
    from azure.appconfiguration.aio import AzureAppConfigurationClient as AsyncClient

    connection = os.environ["TOLLGATE_CONNECTION"]

    def create(_case, _endpoint, audience=None):
        return AzureAppConfigurationClient.from_connection_string(connection)

    def create_async(_case, _endpoint, audience=None):
        return AsyncClient.from_connection_string(connection)

    testcase.AppConfigTestCase.create_client = create
    asynctestcase.AsyncAppConfigTestCase.create_client = create_async
