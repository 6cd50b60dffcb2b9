#!/usr/bin/python3
"""Completion of flydctl as a plain bash has it: the script is sourced, and COMPREPLY read for a line at whose end one is."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402

FLYDCTL = pathlib.Path("tools/flydctl/flydctl").resolve()
COMPLETE = """
eval "$("$FLYDCTL" completion bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_flydctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


def run(*command):
    """stdout of a command that succeeds and has nothing to complain of."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=60, env={**os.environ, "FLYDCTL": str(FLYDCTL)},
                          check=True)
    if done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout


def completed(*words):
    """The words that may stand for the last of `words`."""
    return run("bash", "--norc", "-c", COMPLETE, "bash", "flydctl", *words).split()


def named_in_help(section, *command):
    """What `flydctl COMMAND --help` lists in a section, word by word."""
    text = run(FLYDCTL, *command, "--help")
    lines = text[text.index(section + ":"):].split("\n\n")[0].splitlines()[1:]
    return [line.split()[0] for line in lines if re.match(r"  \S", line)]


class BashCompletionTest(unittest.TestCase):

    def test_a_line_offers_what_its_command_takes_next(self):
        for line, offered in [
                ("comp", ["completion"]),
                ("org c", ["create"]),
                ("machine lease ", ["acquire", "release"]),
                ("machine lease acquire --n", ["--nonce"]),
                ("completion ", ["bash", "fish", "zsh"]),
                ("completion z", ["zsh"]),
                ("pki issue dir ", ["worker", "control-plane", "fleet", "signer", "issuer"]),
                ("-o ", ["json", "table", "wide"]),
                ("machine list --output w", ["wide"]),
                ("-o json machine li", ["list"]),
                ("machine run host --restart on", ["on-failure"]),
                ("machine run --subject = m", ["machine"]),
                ("machine run --subject =", ["machine", "app"]),
                ("machine run --subject = app --det", ["--detach"])]:
            with self.subTest(line=line):
                self.assertEqual(completed(*line.split(" ")), offered)

    def test_where_anything_may_stand_files_are_left_to_bash(self):
        for line in ("machine status ", "machine run host -a ", "machine run host -- org c", "machine exec id -- -"):
            with self.subTest(line=line):
                self.assertEqual(completed(*line.split(" ")), [])
        registered = run("bash", "--norc", "-c", COMPLETE + "complete -p flydctl", "bash", "flydctl", "")
        self.assertIn("complete -o bashdefault -o default -F _flydctl flydctl\n", registered)

    def test_the_value_of_an_option_is_no_subcommand(self):
        self.assertEqual(completed("trust", "check", "--issuer", "app", "--iss"), ["--issuer"])
        self.assertEqual(completed("machine", "lease", "acquire", "--owner", "machine", "id", "--des"), ["--description"])

    def test_every_command_and_option_that_help_lists_is_offered(self):
        commands, walked = [()], 0
        while commands:
            command = commands.pop()
            below = named_in_help("Subcommands", *command) if "Subcommands:" in run(FLYDCTL, *command, "--help") else []
            with self.subTest(command=command):
                self.assertEqual(completed(*command, "") if below else [], below)
                named = {name for names in named_in_help("Options", *command) for name in names.split(",")}
                self.assertLessEqual(named | {"-o", "--output"}, set(completed(*command, "-")))
            commands += [(*command, name) for name in below]
            walked += 1
        self.assertGreater(walked, 50)

    def test_scripts_of_other_shells_know_every_command_that_bash_knows(self):
        paths = re.findall(r"^  '(flydctl[^']*)'\) subcommands=", run(FLYDCTL, "completion", "bash"), re.MULTILINE)
        self.assertIn("flydctl machine lease release", paths)
        for shell, case in (("zsh", "  ('%s')\n    subcommands="), ("fish", "        case '%s'\n            printf ")):
            script = run(FLYDCTL, "completion", shell)
            self.assertEqual([path for path in paths if case % path not in script], [])

    def test_another_shell_is_a_mistake_in_use(self):
        done = subprocess.run([FLYDCTL, "completion", "csh"], text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    python_cases.main(BashCompletionTest)
