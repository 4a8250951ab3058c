-- Migrating: what is there, and who may work in the target schema.

-- name: has_revision
SELECT to_regclass('etl.alembic_version') IS NOT NULL

-- name: revision
SELECT version_num FROM etl.alembic_version

-- name: is_missing
SELECT to_regnamespace(quote_ident(%(schema)s)) IS NULL

-- name: closed_to_service
-- The grants that the service lacks, as its owner has to write them: one without the right to grant is only warned, and
-- the grant not made.
SELECT nspowner::regrole::text, format('GRANT USAGE, CREATE ON SCHEMA %%I TO etl_service;', nspname)
  FROM pg_namespace
 WHERE nspname = %(schema)s
   AND NOT (has_schema_privilege('etl_service', oid, 'USAGE') AND has_schema_privilege('etl_service', oid, 'CREATE'))
