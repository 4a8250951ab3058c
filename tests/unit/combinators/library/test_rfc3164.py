"""Lines of syslog."""

from pathlib import Path

import pytest

from tests.support.grammars import value_of
from tests.support.library import library_grammar, lines_of, refuses, value_by


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            ("34", "Oct 11 22:14:15", "mymachine", "su", None, "'su root' failed for lonvick on /dev/pts/8"),
        ),
        (
            "Mar  7 13:08:09 ip-10-77-20-248 sshd[1361]: Accepted publickey",
            (None, "Mar  7 13:08:09", "ip-10-77-20-248", "sshd", "1361", "Accepted publickey"),
        ),
        ("Mar 27 13:09:37 h sudo:   ubuntu : TTY=pts/0", (None, "Mar 27 13:09:37", "h", "sudo", None, "ubuntu : TTY=pts/0")),
        ("Mar 27 13:09:37 h postfix/smtpd[1]:", (None, "Mar 27 13:09:37", "h", "postfix/smtpd", "1", None)),
        ("Mar 27 13:09:37 h su(pam_unix)[12]: a: b", (None, "Mar 27 13:09:37", "h", "su(pam_unix)", "12", "a: b")),
        (
            "Mar 27 13:09:37 h last message repeated 2 times",
            (None, "Mar 27 13:09:37", "h", None, None, "last message repeated 2 times"),
        ),
        ("Mar 27 13:09:37 ::1 kernel: [ 12.3] x", (None, "Mar 27 13:09:37", "::1", "kernel", None, "[ 12.3] x")),
        ("Mar 27 13:09:37 h app: two\nlines", (None, "Mar 27 13:09:37", "h", "app", None, "two\nlines")),
    ],
)
def test_a_line_of_syslog_is_read(line: str, expected: tuple[str | None, ...]) -> None:
    assert value_by("rfc3164", line) == dict(zip(("pri", "stamp", "host", "program", "pid", "msg"), expected, strict=True))


@pytest.mark.parametrize(
    "line",
    ["", "Accepted password for root", "2015-03-27 13:09:37 h app: x", "<>Mar 27 13:09:37 h app: x", "Mrz 27 13:09:37 h app: x"],
)
def test_what_is_no_line_of_syslog_is_refused(line: str) -> None:
    assert refuses("rfc3164", line)


def test_real_lines_of_syslog_have_program_pid_and_message(corpus: Path) -> None:
    grammar = library_grammar("rfc3164")
    lines = list(lines_of(corpus / "text/auth_log/auth.log.gz"))
    whole = 0
    for line in lines:
        value = value_of(grammar, line)
        pid = f"[{value['pid']}]" if value["pid"] else ""
        head = f"{value['stamp']} {value['host']} {value['program']}{pid}:"
        assert line.startswith(head)
        assert line[len(head) :].lstrip() == value["msg"]
        whole += bool(value["program"] and value["msg"] and (value["pid"] or "[" not in line.split(": ")[0]))
    assert whole / len(lines) >= 0.995
