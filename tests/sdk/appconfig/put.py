"""put.py CONNECTION_STRING KEY LABEL VALUE: writes one key-value with the official Python SDK."""

import sys

from azure.appconfiguration import AzureAppConfigurationClient, ConfigurationSetting

connection, key, label, value = sys.argv[1:]
with AzureAppConfigurationClient.from_connection_string(connection) as client:
    client.set_configuration_setting(ConfigurationSetting(key=key, label=label, value=value))
