"""The console blocks of a page: what a command printed, below the command."""
import re
import shlex

_BLOCK = re.compile(r"^```console\n\$ (flydctl [^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """[(command line, argv without flydctl, what the page says it prints)]."""
    return [(match.group(1), shlex.split(match.group(1))[1:], match.group(2)) for match in _BLOCK.finditer(page)]
