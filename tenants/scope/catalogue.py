"""The rules of isolation as questions to PostgreSQL's catalogue: each gives the places that break it.

A query takes the parameters ``role`` (the application's), ``ingest`` (the one that loads readings; empty when it is not
to be looked at) and ``policy`` (the text of the one policy without blanks, brackets and casts). It gives the name of
what breaks the rule, and a detail for the message. What belongs to an extension is not ours to judge.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that holds in the catalogue.

    Attributes:
        code: Dotted and stable.
        message: What is wrong with a place, with ``{detail}`` where the second column goes.
        fix: What to do about it.
        query: Gives the places that break the rule.
    """

    code: str
    message: str
    fix: str
    query: str


_OURS = """
    JOIN pg_namespace n ON n.oid = {alias}.{kind}namespace AND n.nspname !~ '^(pg_|information_schema$)'
    LEFT JOIN pg_depend x ON x.objid = {alias}.oid AND x.classid = '{catalogue}'::regclass AND x.deptype = 'e'
    WHERE x.objid IS NULL
"""
_RELATIONS = "FROM pg_class c" + _OURS.format(alias="c", kind="rel", catalogue="pg_class")
_FUNCTIONS = "FROM pg_proc f" + _OURS.format(alias="f", kind="pro", catalogue="pg_proc")
_THINGS = f"""
WITH things AS (
    SELECT c.oid, c.relname, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
           coalesce(obj_description(c.oid, 'pg_class'), '') AS class, a.attnum AS tenant, a.attnotnull, a.atttypid
    FROM (SELECT c.* {_RELATIONS} AND c.relkind IN ('r', 'p')) c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
), tenants AS (SELECT * FROM things WHERE class = 'tenant')
"""
_NORMAL = r"lower(regexp_replace(replace(coalesce({}, ''), '::text', ''), '[\s()]', '', 'g'))"
_USING = _NORMAL.format("pg_get_expr(p.polqual, p.polrelid)")
_CHECK = _NORMAL.format("pg_get_expr(p.polwithcheck, p.polrelid)")
_KEYS = (
    "FROM things t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f' JOIN things o ON o.oid = k.confrelid"
)
_ROLES = "(r.rolname = %(role)s OR r.rolname = %(ingest)s)"
_MAKE = "Create tenant tables through PerTenant or isolation_sql."

_TABLES = (
    Rule(
        "tenancy.class", "its comment does not say of which class it is: “{detail}”", _MAKE,
        f"{_THINGS} SELECT relname, class FROM things WHERE class NOT IN ('tenant', 'reference', 'local')",
    ),
    Rule(
        "tenancy.local", "it has rows of tenants, and its class is local", _MAKE,
        f"{_THINGS} SELECT relname, NULL FROM things WHERE class = 'local' AND tenant IS NOT NULL",
    ),
    Rule(
        "tenancy.column", "it has no column tenant_id uuid NOT NULL", _MAKE,
        f"""{_THINGS} SELECT relname, NULL FROM tenants
        WHERE tenant IS NULL OR NOT attnotnull OR atttypid <> 'uuid'::regtype""",
    ),
    Rule(
        "tenancy.row_security", "row-level security is not enabled and forced", _MAKE,
        f"{_THINGS} SELECT relname, NULL FROM tenants WHERE NOT relrowsecurity OR NOT relforcerowsecurity",
    ),
    Rule(
        "tenancy.policy", "its policies are {detail}, not the one of every tenant table", _MAKE,
        f"""{_THINGS}, held AS (
            SELECT p.polrelid, count(*) AS number, string_agg(format('%%s for %%s using %%s', p.polname, p.polcmd,
                       pg_get_expr(p.polqual, p.polrelid)), '; ' ORDER BY p.polname) AS told,
                   bool_and(p.polpermissive AND p.polcmd = '*' AND {_USING} = %(policy)s AND {_CHECK} = %(policy)s
                       AND (p.polroles = '{{0}}' OR p.polroles = ARRAY(
                           SELECT oid FROM pg_roles WHERE rolname = %(role)s))) AS sound
            FROM pg_policy p GROUP BY 1)
        SELECT t.relname, coalesce(told, 'none') FROM tenants t LEFT JOIN held h ON h.polrelid = t.oid
        WHERE number IS DISTINCT FROM 1 OR NOT sound""",
    ),
    Rule(
        "tenancy.primary_key", "it has no primary key", _MAKE,
        f"""{_THINGS} SELECT relname, NULL FROM tenants t
        WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)""",
    ),
    Rule(
        "tenancy.unique", "its index {detail} reaches across tenants: it does not begin with tenant_id", _MAKE,
        f"""{_THINGS} SELECT t.relname, i.indexrelid::regclass::text
        FROM tenants t JOIN pg_index i ON i.indrelid = t.oid
        WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] IS DISTINCT FROM t.tenant""",
    ),
    Rule(
        "tenancy.foreign_key", "its key {detail} between tenant tables does not begin with (tenant_id) on both sides",
        "Use TenantKey.",
        f"""{_THINGS} SELECT t.relname, k.conname {_KEYS} WHERE t.class = 'tenant' AND o.class = 'tenant'
        AND NOT coalesce(k.conkey[1] = t.tenant AND k.confkey[1] = o.tenant, false)""",
    ),
    Rule(
        "tenancy.foreign_key_way", "its key {detail} points at a table of a class it may not depend on",
        "Point from tenant tables at tenant and reference tables only, and from shared tables at shared ones.",
        f"""{_THINGS} SELECT t.relname, k.conname || ' to ' || o.relname {_KEYS}
        WHERE (t.class <> 'tenant' AND o.class = 'tenant') OR (t.class = 'tenant' AND o.class = 'local')""",
    ),
    Rule(
        "tenancy.foreign_key_late", "its key {detail} is checked late, or empties part of itself",
        "Check foreign keys of tenant tables at once, ON DELETE CASCADE or NO ACTION.",
        f"""{_THINGS} SELECT t.relname, k.conname FROM tenants t
        JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
        WHERE k.condeferrable OR k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('c', 'n', 'd')""",
    ),
    Rule(
        "tenancy.rewritten", "it has the rule {detail}, which works with the rights of the owner", "Drop the rule.",
        f"""{_THINGS} SELECT t.relname, w.rulename FROM things t JOIN pg_rewrite w ON w.ev_class = t.oid""",
    ),
    Rule(
        "tenancy.trigger", "its trigger {detail} works with the rights of the owner", "Make it SECURITY INVOKER.",
        f"""{_THINGS} SELECT t.relname, g.tgname FROM things t JOIN pg_trigger g ON g.tgrelid = t.oid
        JOIN pg_proc f ON f.oid = g.tgfoid WHERE NOT g.tgisinternal AND f.prosecdef""",
    ),
)  # fmt: skip

_WAYS_ROUND = (
    Rule(
        "tenancy.view", "the view reads with the rights of its owner",
        "Create it WITH (security_invoker = true).",
        f"""SELECT c.relname, NULL {_RELATIONS} AND c.relkind = 'v' AND NOT coalesce((
            SELECT option_value::boolean FROM pg_options_to_table(c.reloptions)
            WHERE option_name = 'security_invoker'), false)""",
    ),
    Rule(
        "tenancy.copy", "a materialised view or foreign table has no policies, and {detail} can read it",
        "Take the right away; give a selector that asks the tables.",
        f"""SELECT c.relname, r.rolname {_RELATIONS.replace("WHERE", f"JOIN pg_roles r ON {_ROLES} WHERE")}
        AND c.relkind IN ('m', 'f') AND has_table_privilege(r.oid, c.oid, 'SELECT')""",
    ),
    Rule(
        "tenancy.function", "the function works with the rights of its owner, and {detail}",
        "Make it SECURITY INVOKER, or revoke it from PUBLIC and the application's role; set its search_path.",
        f"""SELECT f.proname,
               CASE WHEN reachable THEN 'the application may call it' ELSE 'has no search_path of its own' END
        FROM (SELECT f.*, EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = %(role)s
                  AND has_function_privilege(r.oid, f.oid, 'EXECUTE')) AS reachable {_FUNCTIONS} AND f.prosecdef) f
        WHERE reachable OR NOT EXISTS (SELECT 1 FROM unnest(f.proconfig) s WHERE s ^@ 'search_path=')""",
    ),
)  # fmt: skip

_RIGHTS = (
    Rule(
        "tenancy.public", "everybody has {detail} on it", "Revoke it from PUBLIC.",
        f"""SELECT c.relname, string_agg(DISTINCT a.privilege_type, ', ') FROM (
            SELECT c.oid, c.relname, c.relacl AS acl {_RELATIONS} UNION ALL
            SELECT c.oid, c.relname, b.attacl
            {_RELATIONS.replace("WHERE", "JOIN pg_attribute b ON b.attrelid = c.oid WHERE")}
        ) c, aclexplode(c.acl) a WHERE a.grantee = 0 GROUP BY 1""",
    ),
    Rule(
        "tenancy.passing_right", "the application may {detail}, which asks no policy",
        "Revoke TRUNCATE, REFERENCES and TRIGGER.",
        f"""{_THINGS} SELECT t.relname, right_name FROM things t JOIN pg_roles r ON r.rolname = %(role)s,
        unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) right_name
        WHERE NOT r.rolsuper AND r.oid <> t.relowner AND has_table_privilege(r.oid, t.oid, right_name)""",
    ),
    Rule(
        "tenancy.default_right", "tables made from now on would be open to {detail} without a policy",
        "Drop the default privileges; the schema editor grants what is needed.",
        """SELECT 'default privileges', a.grantee::regrole::text FROM pg_default_acl d, aclexplode(d.defaclacl) a
        WHERE d.defaclobjtype = 'r' AND a.grantee <> d.defaclrole""",
    ),
    Rule(
        "tenancy.role", "the role is {detail}", "Make it an ordinary role that owns nothing: NOSUPERUSER NOBYPASSRLS.",
        f"""SELECT r.rolname, fault FROM pg_roles r, LATERAL (VALUES
            (r.rolsuper, 'a superuser'), (r.rolbypassrls AND r.rolname = %(role)s, 'let past row-level security'),
            (r.rolcreaterole, 'able to make roles'), (r.rolcreatedb, 'able to make databases'),
            (r.rolreplication, 'able to replicate')) faults (is_so, fault)
        WHERE {_ROLES} AND is_so""",
    ),
    Rule(
        "tenancy.member", "the role is a member of {detail} and has its rights", "Revoke the membership.",
        f"""SELECT r.rolname, o.rolname FROM pg_roles r JOIN pg_roles o ON o.oid <> r.oid
        WHERE {_ROLES} AND NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'MEMBER')""",
    ),
    Rule(
        "tenancy.owner", "the role owns {detail}, and an owner can lift its policies", "Give it to the schema's owner.",
        f"""SELECT r.rolname, owned FROM pg_roles r JOIN (
            SELECT c.relowner AS who, c.relname::text AS owned {_RELATIONS} AND c.relkind NOT IN ('i', 'I') UNION ALL
            SELECT f.proowner, f.proname::text {_FUNCTIONS} UNION ALL
            SELECT nspowner, 'the schema ' || nspname FROM pg_namespace UNION ALL
            SELECT datdba, 'the database' FROM pg_database WHERE datname = current_database()
        ) o ON o.who = r.oid WHERE {_ROLES}""",
    ),
    Rule(
        "tenancy.maker", "the role may create tables in the schema {detail}", "Revoke CREATE from it and from PUBLIC.",
        f"""SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n
        WHERE {_ROLES} AND n.nspname !~ '^(pg_|information_schema$)' AND NOT r.rolsuper
        AND has_schema_privilege(r.oid, n.oid, 'CREATE')""",
    ),
)  # fmt: skip

RULES: tuple[Rule, ...] = _TABLES + _WAYS_ROUND + _RIGHTS
