//! The question for the definitions of everything in a database that rows hang on, and for the names of what has none.

/// Columns: rank, kind, catalogue, row, column, table, name, SQL, what follows.
pub(super) const ALL: &str = "
WITH n AS (
    SELECT * FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'cruddur_infra')
), ext AS (
    SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), inner_part AS (
    -- what the server makes itself with something else, as the functions of a range
    SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'i'
), rel AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS called
    FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid)
), tab AS (
    SELECT * FROM rel WHERE relkind IN ('r', 'p')
), typ AS (
    SELECT t.*, n.nspname, format('%I.%I', n.nspname, t.typname) AS called
    FROM pg_catalog.pg_type t JOIN n ON n.oid = t.typnamespace
    WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_catalog.pg_type'::regclass AND objid = t.oid)
), seq AS (
    SELECT s.seqrelid, pg_catalog.concat_ws(' ', 'START WITH', s.seqstart, 'INCREMENT BY', s.seqincrement,
               'MINVALUE', s.seqmin, 'MAXVALUE', s.seqmax, 'CACHE', s.seqcache,
               CASE WHEN s.seqcycle THEN 'CYCLE' END) AS options,
           pg_catalog.format_type(s.seqtypid, NULL) AS type
    FROM pg_catalog.pg_sequence s
), own AS (
    SELECT d.objid AS sequence, d.refobjid AS tab, d.refobjsubid AS col, d.deptype
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
), col AS (
    SELECT a.attrelid, pg_catalog.string_agg(
        format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
        || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
                THEN (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
                      FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
                      WHERE co.oid = a.attcollation) ELSE '' END
        || CASE WHEN a.attgenerated <> ''
                THEN format(' GENERATED ALWAYS AS (%s)%s', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                            CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE '' END)
                WHEN a.attidentity <> ''
                THEN (SELECT format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)',
                                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                                    rel.called, seq.options)
                      FROM own JOIN seq ON seq.seqrelid = own.sequence JOIN rel ON rel.oid = own.sequence
                      WHERE own.tab = a.attrelid AND own.col = a.attnum AND own.deptype = 'i')
                WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                ELSE '' END
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attnum) AS list
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
), con AS (
    SELECT k.oid, k.contype, k.conrelid, k.conname, rel.called, k.coninhcount > 0 AND k.convalidated AS shared,
           pg_catalog.pg_get_constraintdef(k.oid) AS definition
    FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = k.conrelid
    WHERE k.conparentid = 0 AND (k.conislocal OR k.coninhcount = 0) AND k.contype IN ('p', 'u', 'x', 'c', 'f')
), fun AS (
    SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS called
    FROM pg_catalog.pg_proc p JOIN n ON n.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p', 'w')
      AND NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid)
      AND NOT EXISTS (SELECT FROM inner_part WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid)
), own_typ AS (
    SELECT t.* FROM typ t
    WHERE t.typtype IN ('e', 'd', 'r')
       OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
), said(class, id, sub, tab, sort, target) AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid, r.oid, 0,
           coalesce((SELECT t.oid FROM tab t WHERE t.oid = r.oid), (SELECT o.tab FROM own o WHERE o.sequence = r.oid AND r.relkind = 'S'),
                    (SELECT i.indrelid FROM pg_catalog.pg_index i JOIN tab t ON t.oid = i.indrelid
                     WHERE i.indexrelid = r.oid), 0),
           CASE WHEN r.relkind IN ('r', 'p') THEN 'TABLE' WHEN r.relkind = 'v' THEN 'VIEW' WHEN r.relkind = 'S' THEN 'SEQUENCE'
                WHEN r.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'INDEX' END, r.called
    FROM rel r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I')
    UNION ALL
    SELECT 'pg_catalog.pg_class'::regclass, r.oid, a.attnum, CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE 0 END,
           'COLUMN', format('%s.%I', r.called, a.attname)
    FROM rel r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE r.relkind IN ('r', 'p', 'v', 'm', 'c')
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::regclass, k.oid, 0, k.conrelid, 'CONSTRAINT', format('%I ON %s', k.conname, t.called)
    FROM pg_catalog.pg_constraint k JOIN tab t ON t.oid = k.conrelid
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::regclass, k.oid, 0, 0, 'CONSTRAINT', format('%I ON DOMAIN %s', k.conname, t.called)
    FROM pg_catalog.pg_constraint k JOIN typ t ON t.oid = k.contypid
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::regclass, g.oid, 0, CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE 0 END,
           'TRIGGER', format('%I ON %s', g.tgname, r.called)
    FROM pg_catalog.pg_trigger g JOIN rel r ON r.oid = g.tgrelid
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid, 0, CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE 0 END,
           'RULE', format('%I ON %s', w.rulename, r.called)
    FROM pg_catalog.pg_rewrite w JOIN rel r ON r.oid = w.ev_class
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 0, p.polrelid, 'POLICY', format('%I ON %s', p.polname, t.called)
    FROM pg_catalog.pg_policy p JOIN tab t ON t.oid = p.polrelid
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::regclass, s.oid, 0, s.stxrelid, 'STATISTICS', format('%I.%I', sn.nspname, s.stxname)
    FROM pg_catalog.pg_statistic_ext s JOIN tab t ON t.oid = s.stxrelid
    JOIN pg_catalog.pg_namespace sn ON sn.oid = s.stxnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::regclass, f.oid, 0, 0, 'ROUTINE', f.called FROM fun f
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, t.oid, 0, 0, 'TYPE', t.called FROM own_typ t
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::regclass, n.oid, 0, 0, 'SCHEMA', pg_catalog.quote_ident(n.nspname) FROM n
), other(class, id) AS (
    SELECT 'pg_catalog.pg_proc'::regclass::oid, p.oid FROM pg_catalog.pg_proc p JOIN n ON n.oid = p.pronamespace
    WHERE p.prokind = 'a'
    UNION ALL
    SELECT 'pg_catalog.pg_class'::regclass, r.oid FROM rel r WHERE r.relkind = 'f'
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::regclass, o.oid FROM pg_catalog.pg_operator o JOIN n ON n.oid = o.oprnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, o.oid FROM pg_catalog.pg_opclass o JOIN n ON n.oid = o.opcnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::regclass, o.oid FROM pg_catalog.pg_collation o JOIN n ON n.oid = o.collnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::regclass, o.oid FROM pg_catalog.pg_conversion o JOIN n ON n.oid = o.connamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::regclass, o.oid FROM pg_catalog.pg_ts_config o JOIN n ON n.oid = o.cfgnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::regclass, o.oid FROM pg_catalog.pg_ts_dict o JOIN n ON n.oid = o.dictnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_default_acl'::regclass, o.oid FROM pg_catalog.pg_default_acl o JOIN n ON n.oid = o.defaclnamespace
    UNION ALL
    -- those of the server's own have small numbers
    SELECT 'pg_catalog.pg_cast'::regclass, o.oid FROM pg_catalog.pg_cast o WHERE o.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_publication'::regclass, o.oid FROM pg_catalog.pg_publication o
    UNION ALL
    SELECT 'pg_catalog.pg_event_trigger'::regclass, o.oid FROM pg_catalog.pg_event_trigger o
), found(rank, kind, class, id, sub, tab, name, sql) AS (
    SELECT 10, 'schema', 'pg_catalog.pg_namespace'::regclass, oid, 0, 0::oid, pg_catalog.quote_ident(nspname),
           format('CREATE SCHEMA %I', nspname) FROM n
    UNION ALL
    SELECT 20, 'type', 'pg_catalog.pg_type'::regclass, t.oid, 0, 0, t.called,
           format('CREATE TYPE %s AS ENUM (%s)', t.called,
                  (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                   FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))
    FROM typ t WHERE t.typtype = 'e'
    UNION ALL
    SELECT 21, 'type', 'pg_catalog.pg_type'::regclass, t.oid, 0, 0, t.called,
           format('CREATE TYPE %s AS (%s)', t.called,
                  (SELECT pg_catalog.string_agg(format('%I %s', a.attname,
                              pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
    FROM typ t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
    UNION ALL
    SELECT 21, 'type', 'pg_catalog.pg_type'::regclass, t.oid, 0, 0, t.called,
           format('CREATE TYPE %s AS RANGE (SUBTYPE = %s%s%s%s)', t.called, pg_catalog.format_type(r.rngsubtype, NULL),
                  (SELECT format(', SUBTYPE_OPCLASS = %I.%I', on_.nspname, o.opcname) FROM pg_catalog.pg_opclass o
                   JOIN pg_catalog.pg_namespace on_ ON on_.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
                  (SELECT format(', COLLATION = %I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
                   JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
                   JOIN pg_catalog.pg_type y ON y.oid = r.rngsubtype
                   WHERE co.oid = r.rngcollation AND r.rngcollation <> y.typcollation),
                  (SELECT format(', SUBTYPE_DIFF = %I.%I', pn.nspname, p.proname) FROM pg_catalog.pg_proc p
                   JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = r.rngsubdiff))
    FROM typ t JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    UNION ALL
    SELECT 22, 'domain', 'pg_catalog.pg_type'::regclass, t.oid, 0, 0, t.called,
           format('CREATE DOMAIN %s AS %s', t.called, pg_catalog.format_type(t.typbasetype, t.typtypmod))
           || coalesce((SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
                        JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
                        JOIN pg_catalog.pg_type y ON y.oid = t.typbasetype
                        WHERE co.oid = t.typcollation AND t.typcollation <> y.typcollation), '')
           || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
           || coalesce((SELECT pg_catalog.string_agg(format(' CONSTRAINT %I %s', k.conname,
                               pg_catalog.pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
    FROM typ t WHERE t.typtype = 'd'
    UNION ALL
    SELECT 30, 'function', 'pg_catalog.pg_proc'::regclass, f.oid, 0, 0, f.called,
           -- asked of an aggregate it fails, and which rows are left out first is the planner's choice
           CASE WHEN f.prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(f.oid) END
    FROM fun f
    UNION ALL
    SELECT 35, 'sequence', 'pg_catalog.pg_class'::regclass, r.oid, 0, coalesce(own.tab, 0), r.called,
           format('CREATE SEQUENCE %s AS %s %s', r.called, seq.type, seq.options)
    FROM rel r JOIN seq ON seq.seqrelid = r.oid LEFT JOIN own ON own.sequence = r.oid
    WHERE r.relkind = 'S' AND own.deptype IS DISTINCT FROM 'i'
    UNION ALL
    SELECT 40, 'table', 'pg_catalog.pg_class'::regclass, t.oid, 0, t.oid, t.called,
           format('CREATE %sTABLE %s (%s)%s%s', CASE t.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,
                  t.called, col.list,
                  CASE t.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(t.oid) ELSE '' END,
                  ' WITH (' || nullif(pg_catalog.concat_ws(', ', pg_catalog.array_to_string(t.reloptions, ', '),
                      (SELECT pg_catalog.string_agg('toast.' || u.option, ', ')
                       FROM pg_catalog.pg_class x, pg_catalog.unnest(x.reloptions) AS u(option)
                       WHERE x.oid = t.reltoastrelid)), '') || ')')
    FROM tab t LEFT JOIN col ON col.attrelid = t.oid
    UNION ALL
    SELECT 45, 'owner of sequence', 'pg_catalog.pg_class'::regclass, own.sequence, 1, own.tab, s.called,
           format('ALTER SEQUENCE %s OWNED BY %s.%I', s.called, t.called, a.attname)
    FROM own JOIN rel s ON s.oid = own.sequence AND s.relkind = 'S' JOIN tab t ON t.oid = own.tab
    JOIN pg_catalog.pg_attribute a ON a.attrelid = own.tab AND a.attnum = own.col
    WHERE own.deptype = 'a'
    UNION ALL
    SELECT 47, 'typed table', 'pg_catalog.pg_class'::regclass, t.oid, 6, t.oid, t.called,
           format('ALTER TABLE ONLY %s OF %s', t.called, y.called)
    FROM tab t JOIN typ y ON y.oid = t.reloftype
    UNION ALL
    -- before the rows, which are written by it
    SELECT 46, 'column', 'pg_catalog.pg_attribute'::regclass, t.oid, a.attnum, t.oid, format('%s.%I', t.called, a.attname),
           (SELECT pg_catalog.string_agg(format('ALTER TABLE ONLY %s ALTER COLUMN %I SET %s', t.called, a.attname, d.how), '; ')
            FROM (VALUES
                (CASE WHEN a.attstorage <> y.typstorage
                      THEN CASE a.attstorage WHEN 'p' THEN 'STORAGE PLAIN' WHEN 'e' THEN 'STORAGE EXTERNAL'
                                             WHEN 'm' THEN 'STORAGE MAIN' ELSE 'STORAGE EXTENDED' END END),
                -- servers before 14 have none
                (CASE pg_catalog.to_jsonb(a)->>'attcompression' WHEN 'p' THEN 'COMPRESSION pglz'
                                                                WHEN 'l' THEN 'COMPRESSION lz4' END),
                (CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END),
                ('(' || pg_catalog.array_to_string(a.attoptions, ', ') || ')')) AS d(how) WHERE d.how IS NOT NULL)
    FROM pg_catalog.pg_attribute a JOIN tab t ON t.oid = a.attrelid JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    -- no table becomes a part without those of what it is a part of, which are made later where that is made itself
    SELECT 49, 'constraint', 'pg_catalog.pg_constraint'::regclass, k.oid, 0, k.conrelid, format('%I of %s', k.conname, t.called),
           (SELECT format('DO %L', format('BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = %L AND contype = ''c''
               AND conrelid IN (%s)) THEN ALTER TABLE ONLY %s ADD CONSTRAINT %I %s; END IF; END', k.conname,
               pg_catalog.string_agg(format('pg_catalog.to_regclass(%L)', p.called), ', ' ORDER BY p.called),
               t.called, k.conname, pg_catalog.pg_get_constraintdef(k.oid)))
            FROM pg_catalog.pg_inherits i JOIN tab p ON p.oid = i.inhparent WHERE i.inhrelid = k.conrelid
            HAVING pg_catalog.count(*) > 0)
    FROM pg_catalog.pg_constraint k JOIN tab t ON t.oid = k.conrelid
    WHERE k.contype = 'c' AND k.coninhcount > 0 AND NOT k.conislocal
    UNION ALL
    SELECT 50, 'part', 'pg_catalog.pg_inherits'::regclass, i.inhrelid, i.inhseqno, i.inhrelid,
           format('%s of %s', c.called, p.called),
           CASE WHEN c.relispartition
                THEN format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', p.called, c.called,
                            pg_catalog.pg_get_expr(c.relpartbound, c.oid))
                ELSE format('ALTER TABLE ONLY %s INHERIT %s', c.called, p.called) END
    FROM pg_catalog.pg_inherits i JOIN tab c ON c.oid = i.inhrelid JOIN tab p ON p.oid = i.inhparent
    UNION ALL
    SELECT CASE contype WHEN 'c' THEN CASE WHEN shared THEN 49 ELSE 71 END WHEN 'f' THEN 80 ELSE 70 END,
           CASE contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END,
           'pg_catalog.pg_constraint'::regclass, oid, 0, conrelid, format('%I of %s', conname, called),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', called, conname, definition)
    FROM con
    UNION ALL
    SELECT 75, 'index', 'pg_catalog.pg_class'::regclass, x.oid, 0, i.indrelid, x.called,
           CASE x.relkind WHEN 'I'
                THEN pg_catalog.replace(pg_catalog.pg_get_indexdef(x.oid), ' ON ONLY ' || t.called || ' USING ',
                                        ' ON ' || t.called || ' USING ')
                ELSE pg_catalog.pg_get_indexdef(x.oid) END
    FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid JOIN tab t ON t.oid = i.indrelid
    WHERE NOT x.relispartition
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 76, 'column', 'pg_catalog.pg_attribute'::regclass, x.oid, a.attnum, i.indrelid, format('%s.%I', x.called, a.attname),
           format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', x.called, a.attnum, a.attstattarget)
    FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid JOIN tab t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = x.oid
    WHERE a.attnum > 0 AND a.attstattarget >= 0
    UNION ALL
    SELECT CASE r.relkind WHEN 'm' THEN 87 ELSE 77 END, 'clustering', 'pg_catalog.pg_index'::regclass, x.oid, 1,
           CASE r.relkind WHEN 'm' THEN 0 ELSE r.oid END, r.called,
           format('ALTER %s %s CLUSTER ON %I', CASE r.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.called,
                  x.relname)
    FROM pg_catalog.pg_index i JOIN rel r ON r.oid = i.indrelid JOIN rel x ON x.oid = i.indexrelid
    WHERE i.indisclustered
    UNION ALL
    SELECT 78, 'replica identity', 'pg_catalog.pg_class'::regclass, t.oid, 2, t.oid, t.called,
           format('ALTER TABLE ONLY %s REPLICA IDENTITY %s', t.called,
                  CASE t.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                  ELSE (SELECT format('USING INDEX %I', c.relname) FROM pg_catalog.pg_index i
                        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                        WHERE i.indrelid = t.oid AND i.indisreplident) END)
    FROM tab t WHERE t.relreplident <> 'd'
    UNION ALL
    SELECT 85, CASE v.relkind WHEN 'v' THEN 'view' ELSE 'materialised view' END,
           'pg_catalog.pg_class'::regclass, v.oid, 0, 0, v.called,
           format('CREATE %s %s%s AS %s%s', CASE v.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, v.called,
                  ' WITH (' || pg_catalog.array_to_string(v.reloptions, ', ') || ')',
                  pg_catalog.rtrim(pg_catalog.pg_get_viewdef(v.oid), ';'),
                  CASE WHEN v.relispopulated THEN '' ELSE ' WITH NO DATA' END)
    FROM rel v WHERE v.relkind IN ('v', 'm')
    UNION ALL
    SELECT 86, 'column', 'pg_catalog.pg_attribute'::regclass, v.oid, d.adnum, 0, format('%s.%I', v.called, a.attname),
           format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', v.called, a.attname,
                  pg_catalog.pg_get_expr(d.adbin, d.adrelid))
    FROM rel v JOIN pg_catalog.pg_attrdef d ON d.adrelid = v.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum = d.adnum WHERE v.relkind = 'v'
    UNION ALL
    SELECT 86, 'index', 'pg_catalog.pg_class'::regclass, x.oid, 0, 0, x.called, pg_catalog.pg_get_indexdef(x.oid)
    FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid JOIN rel m ON m.oid = i.indrelid AND m.relkind = 'm'
    UNION ALL
    SELECT 88, 'rule', 'pg_catalog.pg_rewrite'::regclass, w.oid, 0, CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE 0 END,
           format('%I on %s', w.rulename, r.called), pg_catalog.pg_get_ruledef(w.oid)
           || CASE w.ev_enabled WHEN 'O' THEN '' ELSE format('; ALTER TABLE ONLY %s %s RULE %I', r.called,
                CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
                w.rulename) END
    FROM pg_catalog.pg_rewrite w JOIN rel r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 89, 'trigger', 'pg_catalog.pg_trigger'::regclass, g.oid, 0, CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE 0 END,
           format('%I on %s', g.tgname, r.called), pg_catalog.pg_get_triggerdef(g.oid)
           || CASE g.tgenabled WHEN 'O' THEN '' ELSE format('; ALTER TABLE ONLY %s %s TRIGGER %I', r.called,
                CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
                g.tgname) END
    FROM pg_catalog.pg_trigger g JOIN rel r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal AND g.tgparentid = 0
    UNION ALL
    SELECT 90, 'policy', 'pg_catalog.pg_policy'::regclass, p.oid, 0, p.polrelid, format('%I on %s', p.polname, t.called),
           format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, t.called,
                  CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  (SELECT pg_catalog.string_agg(CASE g.role WHEN 0 THEN 'PUBLIC'
                          ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.role)) END, ', ')
                   FROM pg_catalog.unnest(p.polroles) AS g(role)))
           || coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    FROM pg_catalog.pg_policy p JOIN tab t ON t.oid = p.polrelid
    UNION ALL
    SELECT 91, 'row security', 'pg_catalog.pg_class'::regclass, t.oid, 3, t.oid, t.called,
           pg_catalog.concat_ws('; ',
               CASE WHEN t.relrowsecurity THEN format('ALTER TABLE ONLY %s ENABLE ROW LEVEL SECURITY', t.called) END,
               CASE WHEN t.relforcerowsecurity THEN format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY', t.called) END)
    FROM tab t WHERE t.relrowsecurity OR t.relforcerowsecurity
    UNION ALL
    SELECT 94, 'statistics', 'pg_catalog.pg_statistic_ext'::regclass, s.oid, 0, s.stxrelid,
           format('%I.%I', sn.nspname, s.stxname), pg_catalog.pg_get_statisticsobjdef(s.oid)
           || CASE WHEN s.stxstattarget >= 0
                   THEN format('; ALTER STATISTICS %I.%I SET STATISTICS %s', sn.nspname, s.stxname, s.stxstattarget)
                   ELSE '' END
    FROM pg_catalog.pg_statistic_ext s JOIN tab t ON t.oid = s.stxrelid
    JOIN pg_catalog.pg_namespace sn ON sn.oid = s.stxnamespace
    UNION ALL
    SELECT 95, 'comment', d.classoid::regclass, d.objoid, d.objsubid, o.tab,
           -- tables and columns by their name alone
           CASE WHEN o.sort IN ('TABLE', 'COLUMN') THEN o.target ELSE o.sort || ' ' || o.target END,
           format('COMMENT ON %s %s IS %L', o.sort, o.target, d.description)
    FROM said o JOIN pg_catalog.pg_description d ON d.classoid = o.class AND d.objoid = o.id AND d.objsubid = o.sub
    UNION ALL
    SELECT 97, 'owner', 'pg_catalog.pg_class'::regclass, r.oid, 4,
           CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE coalesce(own.tab, 0) END, r.called,
           format('ALTER %s %s OWNER TO %I', CASE r.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
                  WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.called, pg_catalog.pg_get_userbyid(r.relowner))
    FROM rel r LEFT JOIN own ON own.sequence = r.oid
    -- a sequence that a column owns goes with its table
    WHERE r.relkind IN ('r', 'p', 'v', 'm') OR r.relkind = 'S' AND own.sequence IS NULL
    UNION ALL
    SELECT 97, 'owner', 'pg_catalog.pg_namespace'::regclass, n.oid, 4, 0, pg_catalog.quote_ident(n.nspname),
           format('ALTER SCHEMA %I OWNER TO %I', n.nspname, pg_catalog.pg_get_userbyid(n.nspowner))
    FROM n
    UNION ALL
    SELECT 97, 'owner of function', 'pg_catalog.pg_proc'::regclass, f.oid, 4, 0, f.called,
           format('ALTER ROUTINE %s OWNER TO %I', f.called, pg_catalog.pg_get_userbyid(f.proowner))
    FROM fun f
    UNION ALL
    SELECT 97, 'owner of type', 'pg_catalog.pg_type'::regclass, t.oid, 4, 0, t.called,
           format('ALTER TYPE %s OWNER TO %I', t.called, pg_catalog.pg_get_userbyid(t.typowner))
    FROM own_typ t
    UNION ALL
    -- after the rights on the table, which begin with a REVOKE that takes those on columns, too
    SELECT 99, 'rights', 'pg_catalog.pg_attribute'::regclass, t.oid, a.attnum,
           CASE WHEN t.relkind IN ('r', 'p') THEN t.oid ELSE 0 END, format('%s.%I', t.called, a.attname),
           (SELECT pg_catalog.string_agg(format('GRANT %s (%I) ON TABLE %s TO %s%s', g.privilege_type, a.attname, t.called,
                       CASE g.grantee WHEN 0 THEN 'PUBLIC'
                            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END,
                       CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ')
            FROM pg_catalog.aclexplode(a.attacl) g WHERE g.grantee <> t.relowner)
    FROM pg_catalog.pg_attribute a JOIN rel t ON t.oid = a.attrelid
    WHERE t.relkind IN ('r', 'p', 'v', 'm') AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 100, 'mark that columns are those of another table', 'pg_catalog.pg_class'::regclass, t.oid, 7, 0, t.called, ''
    FROM tab t WHERE NOT t.relispartition
      AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attislocal)
    UNION ALL
    -- what nothing here makes; it is named where it went
    SELECT 100, i.type, o.class::regclass, o.id, 0, 0, i.identity,
           -- somebody may drop it meanwhile
           CASE WHEN i.identity IS NOT NULL THEN '' END
    FROM other o, pg_catalog.pg_identify_object(o.class, o.id, 0) AS i
    WHERE NOT EXISTS (SELECT FROM ext WHERE classid = o.class AND objid = o.id)
      AND NOT EXISTS (SELECT FROM inner_part WHERE classid = o.class AND objid = o.id)
), held(kind, class, id, sub, tab, name, what, sort, now, owner, acl) AS (
    SELECT 'rights', 'pg_catalog.pg_class'::regclass, r.oid, 5,
           CASE WHEN r.relkind IN ('r', 'p') THEN r.oid ELSE coalesce(own.tab, 0) END, r.called,
           CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || r.called,
           CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END,
           format('SELECT relowner, relacl FROM pg_catalog.pg_class WHERE oid = %L::pg_catalog.regclass', r.called),
           r.relowner, r.relacl
    FROM rel r LEFT JOIN own ON own.sequence = r.oid
    WHERE r.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT 'rights', 'pg_catalog.pg_namespace'::regclass, n.oid, 5, 0, pg_catalog.quote_ident(n.nspname),
           format('SCHEMA %I', n.nspname), 'n',
           format('SELECT nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = %L', n.nspname), n.nspowner, n.nspacl
    FROM n
    UNION ALL
    SELECT 'rights on function', 'pg_catalog.pg_proc'::regclass, f.oid, 5, 0, f.called, 'ROUTINE ' || f.called, 'f',
           format('SELECT proowner, proacl FROM pg_catalog.pg_proc WHERE oid = %L::pg_catalog.regprocedure',
                  f.oid::pg_catalog.regprocedure), f.proowner, f.proacl
    FROM fun f
    UNION ALL
    SELECT 'rights on type', 'pg_catalog.pg_type'::regclass, t.oid, 5, 0, t.called, 'TYPE ' || t.called, 'T',
           format('SELECT typowner, typacl FROM pg_catalog.pg_type WHERE oid = %L::pg_catalog.regtype', t.called),
           t.typowner, t.typacl
    FROM own_typ t
)
SELECT rank, kind::text, class::oid, id, sub::int4, tab::oid, name::text, sql, '{}'::text[] AS more
FROM found WHERE sql IS NOT NULL
UNION ALL
-- whatever is made gets what default privileges and PUBLIC are given: first nobody but the owner has a right
SELECT 98, h.kind, h.class::oid, h.id, h.sub::int4, h.tab::oid, h.name,
       format('DO %L', format('DECLARE g record; BEGIN FOR g IN
           SELECT DISTINCT a.grantee AS id FROM (%s) AS o(owner, acl),
               pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(%L, o.owner))) AS a
           WHERE a.grantee <> o.owner LOOP
           EXECUTE pg_catalog.format(''REVOKE ALL ON %%s FROM %%s CASCADE'', %L, CASE g.id WHEN 0 THEN ''PUBLIC''
               ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.id)) END);
           END LOOP; END', h.now, h.sort, h.what)),
       ARRAY(
           SELECT format('REVOKE %s ON %s FROM %I',
                         pg_catalog.string_agg(d.privilege_type, ', ' ORDER BY d.privilege_type), h.what,
                         pg_catalog.pg_get_userbyid(h.owner))
           FROM pg_catalog.aclexplode(pg_catalog.acldefault(h.sort::\"char\", h.owner)) d
           WHERE d.grantee = h.owner
             AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(h.acl) a
                             WHERE a.grantee = h.owner AND a.privilege_type = d.privilege_type)
             AND h.acl IS NOT NULL
           HAVING pg_catalog.count(*) > 0
       ) || ARRAY(
           SELECT format('GRANT %s ON %s TO %s%s', pg_catalog.string_agg(DISTINCT g.privilege_type, ', '), h.what,
                         CASE g.grantee WHEN 0 THEN 'PUBLIC'
                              ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END,
                         CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
           FROM pg_catalog.aclexplode(coalesce(h.acl, pg_catalog.acldefault(h.sort::\"char\", h.owner))) g
           GROUP BY g.grantee, g.is_grantable ORDER BY g.grantee, g.is_grantable
       )
FROM held h
ORDER BY rank, name, sub";

/// Which table and which schema is in which publication; asked of servers that know of the latter (15 and later).
pub(super) const PUBLISHED: &str = "
SELECT 93, 'publication', 'pg_catalog.pg_publication_rel'::regclass::oid, r.oid, 0, c.oid,
       format('%I of %I.%I', p.pubname, n.nspname, c.relname),
       format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I%s%s', p.pubname, n.nspname, c.relname,
              (SELECT format(' (%s)', pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum))
               FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs) HAVING pg_catalog.count(*) > 0),
              ' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')'), '{}'::text[]
FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 93, 'publication', 'pg_catalog.pg_publication_namespace'::regclass, r.oid, 0, 0,
       format('%I of %I', p.pubname, n.nspname),
       format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', p.pubname, n.nspname), '{}'
FROM pg_catalog.pg_publication_namespace r JOIN pg_catalog.pg_publication p ON p.oid = r.pnpubid
JOIN pg_catalog.pg_namespace n ON n.oid = r.pnnspid
ORDER BY 7";
