"""Takes an access token: what a user of azure-identity would write.

Microsoft's directory of clouds is on the internet; a stand-in is not in it.
"""
from azure.identity import DefaultAzureCredential

token = DefaultAzureCredential(disable_instance_discovery=True).get_token("https://vault.azure.net/.default")
print("token", len(token.token))
