-- Roles are of the whole cluster while the migration's lock is of one database: another database's migration may create
-- them at the same moment, which PostgreSQL reports as either of two errors.
DO $$
DECLARE
    missing text[] := '{}';
    wanted  text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['etl_producer', 'etl_service', 'etl_operator', 'etl_reader'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN missing := missing || wanted;
        END;
    END LOOP;
    IF cardinality(missing) > 0 THEN
        RAISE EXCEPTION 'role "%" may not create roles: an administrator runs once: %', current_user,
            (SELECT string_agg(format('CREATE ROLE %I NOLOGIN;', m), ' ' ORDER BY m) FROM unnest(missing) m)
            || format(' GRANT etl_service, etl_operator TO %I;', current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Who migrates may act as the service and as an operator; a superuser may anyway.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['etl_service', 'etl_operator'] LOOP
        CONTINUE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR pg_has_role(current_user, wanted, 'USAGE');
        BEGIN
            EXECUTE format('GRANT %I TO %I', wanted, current_user);
        EXCEPTION
            WHEN unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role "%" is not a member of %: an administrator runs: GRANT % TO %;', current_user, wanted, wanted,
                    quote_ident(current_user) USING ERRCODE = 'insufficient_privilege';
        END;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA etl TO etl_producer, etl_service, etl_operator, etl_reader;

GRANT INSERT (source, payload, trace), SELECT (row_id) ON etl.staging TO etl_producer;

GRANT SELECT ON ALL TABLES IN SCHEMA etl TO etl_service, etl_operator;
GRANT INSERT, UPDATE, DELETE ON etl.inbox, etl.daemon TO etl_service;
GRANT INSERT, UPDATE ON etl.batch, etl.reject, etl.slip, etl.replay TO etl_service;
GRANT INSERT ON etl.action, etl.schema_change TO etl_service;
GRANT USAGE ON SEQUENCE etl.lease_token TO etl_service;

GRANT INSERT (source, payload, slip, trace) ON etl.staging TO etl_operator;
GRANT UPDATE (status) ON etl.reject TO etl_operator;
GRANT INSERT, UPDATE ON etl.replay TO etl_operator;
GRANT INSERT, DELETE ON etl.pause, etl.producer_source TO etl_operator;
GRANT INSERT ON etl.action TO etl_operator;

GRANT SELECT ON etl.ledger, etl.row_status TO etl_reader;

REVOKE EXECUTE ON FUNCTION etl.add_staging_partitions(bigint, int), etl.seal_staging_partitions(), etl.enqueue(), etl.set_doorbell(), etl.hold_producers(),
    etl.refuse_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etl.add_staging_partitions(bigint, int) TO etl_service, etl_operator;
GRANT EXECUTE ON FUNCTION etl.seal_staging_partitions() TO etl_service;

DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO etl_service', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;  -- PUBLIC has it unless somebody took it away
END $$;
