"""What the documents show of slips is read as written."""

from etl_actors.relational.checks import Compared
from etl_actors.relational.tables import Column, Kind, Policy
from tests.support.slips import read

WEB_LOG = r"""
name     = "web_log"
source   = "web"                   # string or list; optional
when     = "exists(message)"       # predicate over the document; optional
priority = 0                       # higher wins

[grammars]
combined = "combined.lark"

[let]                              # lazy, computed at most once a document; a let may use earlier ones; fails only what uses it
log = "message | parse(combined)"

[tables.access_log]
columns.host    = "log.host | inet"
columns.at      = "log.time | timestamptz('%d/%b/%Y:%H:%M:%S %z')"
columns.request = "log.request | text"
columns.status  = "log.status | int"
columns.bytes   = "log.size | null_if('-') | bigint"
"""
COMBINED = """
start: HOST " " TIME " " REQUEST " " STATUS " " SIZE
HOST: /[^ ]+/
TIME: /[^ ]+/
REQUEST: /[^ ]+/
STATUS: /[0-9]+/
SIZE: /[0-9-]+/
"""

SYSLOG = """
name = "syslog"
[grammars]
rfc3164 = "std:rfc3164"
sshd = { text = '''
start: accepted
accepted: "Accepted " USER " from " IP
USER: /[^ ]+/
IP: /[0-9.]+/
''' }
[let]                                            # syslog: one document, several tables
line = "message | parse(rfc3164)"
ssh  = "line.msg | parse(sshd) / null"
[tables.syslog_event]
columns.at = 'line.stamp | timestamptz("%b %e %H:%M:%S", year=2017, tz="UTC")'
[tables.ssh_login]
parent = "syslog_event"
when   = "exists(ssh.accepted)"
columns.ip = "ssh.accepted.ip | inet"
"""

TREE = """
name = "shown"
[grammars]
money = { text = '''
start: CURRENCY AMOUNT
CURRENCY: /[^0-9]+/
AMOUNT: /[0-9]+/
''' }
[tables.product]
columns.sku = "sku | text"
[tables.feature]
parent = "product"

[tables.subject]                                 # a tree of unknown depth, lifted into a table of its own, each once
each = "$.subjects"
recurse = "children[*]"
key = ["id"]
on_duplicate = "fill"
columns.id      = "id | int"
columns.broader = "@up.id | ref('subject')"      # the _id that key has or will have: no look-up, arrival order is irrelevant

[tables.support]                                 # an object whose keys are data
parent = "feature"
each   = "$.support.*"
columns.browser = "@key | text"
[tables.statement]
parent = "support"                               # `each` is relative to the parent's item
each   = "@ | as_list"                           # object or list
columns.added = "if(type(version_added) == 'string', version_added, null) | text"

[tables.offer]
parent = "product"
each = "@.offers[*]"
key = ["sku", "seller", "seen_at"]
on_error = "item"                                # a failing item is rejected alone
index = [["seen_at"]]
let.m = "price | parse(money)"
columns.sku     = "$.sku | text"
columns.seller  = "seller | text"
columns.seen_at = "$.scraped_at | timestamptz"
columns.amount  = { expr = "m.amount | numeric(12,2)", null = false, check = "amount >= 0", comment = "as shown" }
columns.email   = { expr = "contact.email | text", private = true }      # never shown in rejects and logs
"""


def test_the_access_log() -> None:
    slip = read(WEB_LOG, combined_lark=COMBINED)
    assert [(column.name, column.type) for column in slip.root.columns] == [
        ("host", "inet"),
        ("at", "timestamptz"),
        ("request", "text"),
        ("status", "int"),
        ("bytes", "bigint"),
    ]
    assert [let.name for let in slip.lets] == ["log"]


def test_the_syslog_of_several_tables() -> None:
    slip = read(SYSLOG)
    assert [(table.name, table.kind, table.parent) for table in slip.targets] == [
        ("syslog_event", Kind.ROOT, None),
        ("ssh_login", Kind.SET, "public.syslog_event"),
    ]


def test_trees_objects_of_data_and_offers() -> None:
    slip = read(TREE)
    tables = {table.name: table for table in slip.targets}
    assert {name: table.kind for name, table in tables.items()} == {
        "product": Kind.ROOT,
        "feature": Kind.SET,
        "support": Kind.SET,
        "statement": Kind.SET,
        "offer": Kind.OWN,
        "subject": Kind.ENTITY,
    }
    assert tables["subject"].policy is Policy.FILL
    assert [(column.name, column.type) for column in tables["subject"].columns] == [("id", "int"), ("broader", "uuid")]
    assert tables["offer"].indexes == (("seen_at",),)
    assert tables["offer"].columns[3] == Column(
        "amount", "numeric(12,2)", null=False, check=Compared("amount", ">=", 0), comment="as shown"
    )
