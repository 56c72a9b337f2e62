//! The tables, and what is asked of them. `{s}` stands for the schema.

/// Version of the tables.
pub(super) const VERSION: i32 = 1;

/// The numbers of the lock under which tables are made: one for all vaults of a database.
pub(super) const MAKING: i64 = 0x6465_6964_7265_0001;

/// Whether the schema `$1` is there, and the table of the header in it. Reads the tables of the catalog: functions such as
/// `to_regclass` may still say what they said before another process made it.
pub(super) const STANDING: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1), \
     EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relname = 'deidre_vault')";

pub(super) const MAKE_SCHEMA: &str = "CREATE SCHEMA {s}";

/// An entry names its owner by a random number that is drawn anew when an owner comes back after shredding: what was sealed
/// with a key that is gone cannot be taken for something else. There is no foreign key: the lock that every writer takes
/// does its work, at no cost an entry.
pub(super) const MAKE: &str = "
CREATE TABLE {s}.deidre_vault (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    generation bigint NOT NULL,
    secret bytea NOT NULL
);
CREATE TABLE {s}.deidre_owner (
    id bigint PRIMARY KEY,
    owner bytea NOT NULL UNIQUE,
    wrapped bytea NOT NULL
);
CREATE TABLE {s}.deidre_entry (
    code bigint PRIMARY KEY,
    lookup bytea NOT NULL UNIQUE,
    owner bigint NOT NULL,
    label text NOT NULL,
    flags smallint NOT NULL,
    scope bytea NOT NULL,
    sealed bytea NOT NULL
);
CREATE INDEX deidre_entry_owner ON {s}.deidre_entry (owner);
";

pub(super) const HEADER: &str = "SELECT version, secret FROM {s}.deidre_vault";

pub(super) const INSERT_HEADER: &str =
    "INSERT INTO {s}.deidre_vault (version, generation, secret) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";

/// Sixteen bytes of the vault's id, which end its secret; then what is another whenever codes may have gone: the count of
/// shreddings, the transaction that wrote the header, when the server came up.
macro_rules! stamp {
    () => {
        "substring(secret FROM octet_length(secret) - 15) || convert_to(concat_ws(' ', generation, xmin, \
         extract(epoch FROM pg_postmaster_start_time())), 'UTF8')"
    };
}

/// The stamp, then the codes of the indices that there are, all of one moment.
pub(super) const LOOK_UP: &str = concat!(
    "SELECT NULL::bigint, ",
    stamp!(),
    " FROM {s}.deidre_vault UNION ALL SELECT code, lookup FROM {s}.deidre_entry WHERE lookup = ANY($1)"
);

/// The stamp and the vault's secret, then number, name and wrapped data key of the owners that there are.
pub(super) const OWNERS: &str = concat!(
    "SELECT NULL::bigint, ",
    stamp!(),
    ", secret FROM {s}.deidre_vault UNION ALL SELECT id, owner, wrapped FROM {s}.deidre_owner WHERE owner = ANY($1)"
);

/// Those that another process was first with come back with the next [`OWNERS`].
pub(super) const INSERT_OWNERS: &str = "INSERT INTO {s}.deidre_owner (id, owner, wrapped) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) \
     ON CONFLICT DO NOTHING";

/// Skips the codes that are taken and the values that another process was first with; it is awaited first.
pub(super) const INSERT_ENTRIES: &str = "INSERT INTO {s}.deidre_entry (code, lookup, owner, label, flags, scope, sealed) SELECT * FROM unnest($1::bigint[], \
     $2::bytea[], $3::bigint[], $4::text[], $5::smallint[], $6::bytea[], $7::bytea[]) ON CONFLICT DO NOTHING \
     RETURNING lookup";

/// Entries with the names of their owners: NULL for one that is missing.
pub(super) const OPEN: &str = "SELECT e.code, e.lookup, e.owner, o.owner, e.label, e.flags, e.scope, e.sealed \
     FROM {s}.deidre_entry e LEFT JOIN {s}.deidre_owner o ON o.id = e.owner WHERE e.code = ANY($1)";

/// As [`OPEN`], the next ones behind a code.
pub(super) const OPEN_PAGE: &str = "SELECT e.code, e.lookup, e.owner, o.owner, e.label, e.flags, e.scope, e.sealed \
     FROM {s}.deidre_entry e LEFT JOIN {s}.deidre_owner o ON o.id = e.owner WHERE e.code > $1 ORDER BY e.code LIMIT $2";

pub(super) const KNOWN: &str = "SELECT code, label FROM {s}.deidre_entry WHERE code = ANY($1)";

pub(super) const WRAPPED: &str = "SELECT id, wrapped FROM {s}.deidre_owner WHERE id = ANY($1)";

/// Of the numbers of owners, those that have no row any more.
pub(super) const GONE: &str =
    "SELECT n FROM unnest($1::bigint[]) AS n WHERE NOT EXISTS (SELECT FROM {s}.deidre_owner WHERE id = n)";

pub(super) const OWNER_PAGE: &str =
    "SELECT id, owner, wrapped FROM {s}.deidre_owner WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) const REWRAP: &str = "UPDATE {s}.deidre_owner o SET wrapped = n.wrapped \
     FROM unnest($1::bigint[], $2::bytea[]) AS n (id, wrapped) WHERE o.id = n.id";

/// Codes stay as they are: no new generation.
pub(super) const REWRAP_HEADER: &str = "UPDATE {s}.deidre_vault SET secret = $1";

pub(super) const SHRED_OWNER: &str = "DELETE FROM {s}.deidre_owner WHERE owner = $1 RETURNING id";

pub(super) const SHRED_ENTRIES: &str = "DELETE FROM {s}.deidre_entry WHERE owner = $1";

pub(super) const NEW_GENERATION: &str = "UPDATE {s}.deidre_vault SET generation = generation + 1";

pub(super) const EMPTY: &str =
    "SELECT NOT EXISTS (SELECT FROM {s}.deidre_entry) AND NOT EXISTS (SELECT FROM {s}.deidre_owner)";

pub(super) const COUNT_ENTRIES: &str = "SELECT label, count(*) FROM {s}.deidre_entry GROUP BY label";

pub(super) const COUNT_OWNERS: &str = "SELECT get_byte(owner, 0), count(*) FROM {s}.deidre_owner GROUP BY 1";

pub(super) const BYTES: &str = "SELECT (pg_total_relation_size('{s}.deidre_vault') + pg_total_relation_size('{s}.deidre_owner') \
     + pg_total_relation_size('{s}.deidre_entry'))::bigint";

/// The text with the schema in it. `schema` is a name that needs no quotes to mean itself; they keep it from being a word
/// of SQL.
pub(super) fn within(text: &str, schema: &str) -> String {
    text.replace("{s}", &format!("\"{schema}\""))
}
