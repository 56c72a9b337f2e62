//! What the vault promises, asked of a real server: the one that `DEIDRE_TEST_POSTGRES` names, see `.ci/postgres`. Without
//! it the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::time::Instant;

use super::super::tests::{self as vaults, MARKER, exchange, keys, name, open, other_keys, sound};
use super::*;
use crate::random::SplitMix;

/// A schema of its own, gone when it is dropped.
struct Ground {
    server: String,
    schema: String,
}

impl Ground {
    /// `None` where there is no server.
    fn new() -> Option<Ground> {
        let Ok(server) = std::env::var("DEIDRE_TEST_POSTGRES") else {
            eprintln!("skipped: no DEIDRE_TEST_POSTGRES");
            return None;
        };
        Some(Ground::on(server))
    }

    fn on(server: String) -> Ground {
        Ground { server, schema: format!("test_{:x}", random_number().unwrap()) }
    }

    fn url(&self) -> String {
        with(&self.server, &format!("schema={0}&application_name={0}", self.schema))
    }

    fn vault(&self) -> Postgres {
        Postgres::connect(&self.url(), &keys()).unwrap()
    }

    /// A connection beside the vault, as an administrator has one.
    fn client(&self) -> Client {
        let mut client = Address::parse(&self.url()).unwrap().connect().unwrap();
        client.batch_execute(&format!("SET search_path = {}", self.schema)).unwrap();
        client
    }

    fn count(&self, of: &str) -> i64 {
        self.client().query_one(&format!("SELECT count(*) FROM {of}"), &[]).unwrap().get(0)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let mut client = Address::parse(&self.server).unwrap().connect().unwrap();
        client.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema)).unwrap();
    }
}

fn with(url: &str, parameter: &str) -> String {
    format!("{url}{}{parameter}", if url.contains('?') { '&' } else { '?' })
}

fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = SplitMix(seed);
    for at in (1..count).rev() {
        order.swap(at, (random.next() % (at as u64 + 1)) as usize);
    }
    order
}

fn values(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{MARKER} {n}")).collect()
}

/// Of every second value nobody in particular is the owner, of the others one of fifty patients.
fn request(values: &[String], at: usize) -> Request<'_> {
    let owner = if at.is_multiple_of(2) { Owner::Corpus } else { Owner::Patient([(at % 100) as u8; 32]) };
    Request { owner, ..name(&values[at]) }
}

/// The codes of all values, asked for in an order of its own.
fn exchange_shuffled(vault: &Postgres, values: &[String], seed: u64, chunk: usize) -> Vec<u64> {
    let mut codes = vec![0; values.len()];
    for order in shuffled(values.len(), seed).chunks(chunk) {
        let requests: Vec<Request<'_>> = order.iter().map(|at| request(values, *at)).collect();
        for (at, code) in order.iter().zip(exchange(vault, &requests)) {
            codes[*at] = code.number();
        }
    }
    codes
}

#[test]
fn keeps_what_every_vault_promises() {
    let Some(ground) = Ground::new() else { return };
    vaults::contract(&ground.vault());
    // Another process finds it as this one left it.
    sound(&ground.vault(), 9);
}

#[test]
fn a_copy_is_the_whole_or_nothing() {
    let Some(ground) = Ground::new() else { return };
    let grounds = std::cell::RefCell::new(Vec::new());
    let new = || {
        let next = Ground::new().unwrap();
        let vault = next.vault();
        grounds.borrow_mut().push(next);
        vault
    };
    vaults::copies(&ground.vault(), &new);
    // What is in a copy is taken in from other vaults too.
    let memory = crate::vault::memory::Memory::new(&keys()).unwrap();
    let codes = exchange(&memory, &[name("Ada"), name("Bea")]);
    let mut copy = Vec::new();
    memory.export(&mut copy).unwrap();
    let vault = new();
    assert_eq!(vault.import(&mut copy.as_slice()).unwrap(), 2);
    assert!(exchange(&vault, &[name("Ada"), name("Bea")]) == codes);
    let mut back = Vec::new();
    vault.export(&mut back).unwrap();
    let memory = crate::vault::memory::Memory::new(&keys()).unwrap();
    assert_eq!(memory.import(&mut back.as_slice()).unwrap(), 2);
    assert!(exchange(&memory, &[name("Ada"), name("Bea")]) == codes);
}

#[test]
fn eight_that_mint_at_the_same_time_mint_the_same() {
    const THREADS: usize = 8;
    let Some(ground) = Ground::new() else { return };
    let values = values(5000);
    let start = Barrier::new(THREADS);
    let all: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|seed| {
                let (ground, values, start) = (&ground, &values, &start);
                scope.spawn(move || {
                    start.wait();
                    // The tables too are made by all at once.
                    let vault = Postgres::connect(&ground.url(), &keys());
                    start.wait();
                    exchange_shuffled(&vault.unwrap(), values, seed as u64, 100 + 150 * seed)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|codes| codes == &all[0]));
    assert_eq!(all[0].iter().collect::<HashSet<_>>().len(), 5000);
    assert_eq!((ground.count("deidre_entry"), ground.count("deidre_owner")), (5000, 51));
    sound(&ground.vault(), 5000);
}

#[test]
fn processes_that_mint_at_the_same_time_mint_the_same() {
    const PROCESSES: usize = 4;
    let Some(ground) = Ground::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_, module) = module_path!().split_once("::").unwrap();
    let processes: Vec<_> = (0..PROCESSES)
        .map(|seed| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &format!("{module}::one_of_several_processes"), "--quiet", "--nocapture"])
                .env("DEIDRE_TEST_CHILD_URL", ground.url())
                .env("DEIDRE_TEST_CHILD_OUT", folder.path().join(seed.to_string()))
                .env("DEIDRE_TEST_CHILD_SEED", seed.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let codes = |seed: usize| std::fs::read_to_string(folder.path().join(seed.to_string())).unwrap();
    assert_eq!(codes(0).lines().collect::<HashSet<_>>().len(), 5000);
    assert!((1..PROCESSES).all(|seed| codes(seed) == codes(0)));
    assert_eq!(ground.count("deidre_entry"), 5000);
    sound(&ground.vault(), 5000);
}

/// Does nothing unless the test above runs it.
#[test]
fn one_of_several_processes() {
    let Ok(url) = std::env::var("DEIDRE_TEST_CHILD_URL") else { return };
    let seed: u64 = std::env::var("DEIDRE_TEST_CHILD_SEED").unwrap().parse().unwrap();
    let vault = Postgres::connect(&url, &keys()).unwrap();
    let codes = exchange_shuffled(&vault, &values(5000), seed, 200);
    let lines: Vec<String> = codes.iter().map(u64::to_string).collect();
    std::fs::write(std::env::var_os("DEIDRE_TEST_CHILD_OUT").unwrap(), lines.join("\n")).unwrap();
}

#[test]
fn nothing_is_sealed_with_a_key_that_was_shredded() {
    let Some(ground) = Ground::new() else { return };
    let values = values(400);
    let writers: Vec<Postgres> = (0..3).map(|_| ground.vault()).collect();
    let shredder = ground.vault();
    let all: Vec<Request<'_>> = (0..values.len()).map(|at| request(&values, at)).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = writers
            .iter()
            .zip(0..)
            .map(|(vault, seed)| {
                let values = &values;
                scope.spawn(move || {
                    (0..6).for_each(|round| drop(exchange_shuffled(vault, values, seed * 6 + round, 40)))
                })
            })
            .collect();
        let mut shredded = 0;
        while !threads.iter().all(|thread| thread.is_finished()) {
            for patient in [1, 3, 99] {
                shredded += shredder.shred(Owner::Patient([patient; 32])).unwrap();
            }
        }
        assert!(shredded > 0);
    });
    // Whatever was kept in memory, all now say the same, and all of it opens.
    let codes = exchange(&shredder, &all);
    for vault in &writers {
        assert!(exchange(vault, &all) == codes);
        assert!(
            open(vault, &codes).iter().zip(&values).all(|(entry, value)| *entry.as_ref().unwrap().content == *value)
        );
    }
    sound(&shredder, 400);
}

#[test]
fn what_another_process_shredded_is_not_given_again() {
    let Some(ground) = Ground::new() else { return };
    let (one, other) = (ground.vault(), ground.vault());
    let patient = Owner::Patient([1; 32]);
    let requests = [Request { owner: patient, ..name("Ada") }, name("Bea")];
    let before = exchange(&one, &requests);
    assert!(exchange(&one, &requests) == before);
    assert_eq!(other.shred(patient).unwrap(), 1);
    assert!(open(&one, &before)[0].is_none() && open(&one, &before)[1].is_some());
    let after = exchange(&one, &requests);
    assert!(after[0] != before[0] && after[1] == before[1]);
    assert!(exchange(&other, &requests) == after);
    // The key in memory is the new one: what was sealed with it opens elsewhere.
    assert_eq!(open(&ground.vault(), &after)[0].as_ref().unwrap().content.as_str(), "Ada");
    other.shred(patient).unwrap();
    exchange(&one, &requests[1..]);
    assert_eq!(locked(&one.held).len(), 1, "a key that was shredded elsewhere is dropped from memory");
}

#[test]
fn a_process_outlives_a_new_master_key() {
    let Some(ground) = Ground::new() else { return };
    let (old, rotating) = (ground.vault(), ground.vault());
    let codes = exchange(&old, &[name("Ada")]);
    assert_eq!(rotating.rewrap(&Masters::of(&keys()), Masters::of(&other_keys())).unwrap(), 2);
    assert_eq!(rotating.stats().unwrap().key, other_keys().current().id());

    // It has the data key: known and new values of its owner go on.
    assert!(exchange(&old, &[name("Ada")]) == codes);
    let more = exchange(&old, &[name("Bea")]);
    assert_eq!(open(&old, &more)[0].as_ref().unwrap().content.as_str(), "Bea");
    // It cannot wrap a key as others could read it.
    let patient = Request { owner: Owner::Patient([1; 32]), ..name("Cyd") };
    let mut out = Vec::new();
    let refused = old.exchange(std::slice::from_ref(&patient), &mut out);
    assert!(matches!(refused, Err(VaultError::WrongKey { needed, .. }) if needed == other_keys().current().id()));
    assert!(out.is_empty());
    exchange(&rotating, std::slice::from_ref(&patient));

    match Postgres::connect(&ground.url(), &keys()).unwrap_err() {
        VaultError::WrongKey { needed, given } => {
            assert_eq!((needed.as_str(), given.as_str()), (other_keys().current().id(), keys().current().id()));
        }
        other => panic!("{other}"),
    }
    let new = Postgres::connect(&ground.url(), &other_keys()).unwrap();
    assert!(exchange(&new, &[name("Ada"), name("Bea")]) == [codes, more].concat());
    sound(&new, 3);
}

#[test]
fn another_vault_in_its_place_is_seen() {
    let Some(ground) = Ground::new() else { return };
    let vault = ground.vault();
    exchange(&vault, &[name("Ada")]);
    let refused = |vault: &Postgres| {
        let (mut codes, before) = (Vec::new(), ground.count("deidre_entry"));
        for content in ["Ada", "Bea"] {
            assert!(matches!(vault.exchange(&[name(content)], &mut codes), Err(VaultError::Damaged(_))));
        }
        assert!(matches!(vault.shred(Owner::Corpus), Err(VaultError::Damaged(_))));
        assert!(matches!(vault.rotate(&keys()), Err(VaultError::Damaged(_))));
        assert!(matches!(vault.export(&mut Vec::new()), Err(VaultError::Damaged(_))));
        assert!(matches!(vault.verify(&mut |_| ()), Err(VaultError::Damaged(_))));
        assert!(codes.is_empty() && ground.count("deidre_entry") == before);
    };
    ground.client().batch_execute("DELETE FROM deidre_vault").unwrap();
    refused(&vault);
    assert!(Postgres::connect(&ground.url(), &keys()).is_err(), "entries without a header are no new vault");
    ground.client().batch_execute("DELETE FROM deidre_entry; DELETE FROM deidre_owner").unwrap();
    let next = ground.vault();
    refused(&vault);
    exchange(&next, &[name("Ada")]);
    refused(&vault);

    // Restored from a copy that is older than what is kept in memory.
    let vault = ground.vault();
    let kept = exchange(&vault, &[name("Cyd")]);
    ground
        .client()
        .batch_execute(
            "CREATE TABLE copy AS SELECT * FROM deidre_vault; DELETE FROM deidre_vault; \
             INSERT INTO deidre_vault SELECT * FROM copy; DELETE FROM deidre_entry",
        )
        .unwrap();
    let codes = exchange(&vault, &[name("Cyd")]);
    assert!(codes != kept && open(&vault, &codes)[0].is_some());
}

#[test]
fn what_was_changed_behind_its_back_is_seen() {
    let Some(ground) = Ground::new() else { return };
    let vault = ground.vault();
    let patient = Owner::Patient([1; 32]);
    let codes = exchange(&vault, &[name("Ada"), name("Bea"), Request { owner: patient, ..name("Cyd") }]);
    sound(&vault, 3);
    let rows = [
        ("UPDATE deidre_entry SET sealed = set_byte(sealed, 2, get_byte(sealed, 2) # 1)", 3),
        ("UPDATE deidre_entry SET sealed = ''", 3),
        ("UPDATE deidre_entry SET label = 'CITY' WHERE length(sealed) > 0", 3),
        ("UPDATE deidre_entry SET label = 'none of them'", 3),
        ("UPDATE deidre_entry SET flags = flags + 1", 3),
        ("UPDATE deidre_entry SET flags = -1", 3),
        ("UPDATE deidre_entry SET scope = '\\x000000000000'", 3),
        ("UPDATE deidre_entry SET scope = ''", 3),
        ("UPDATE deidre_entry SET lookup = set_byte(lookup, 15, get_byte(lookup, 15) # 1)", 3),
        ("UPDATE deidre_entry SET code = code # 1", 3),
        ("UPDATE deidre_entry SET owner = (SELECT max(id) FROM deidre_owner)", 0),
        ("DELETE FROM deidre_owner WHERE get_byte(owner, 0) = 1", 1),
        ("UPDATE deidre_owner SET wrapped = set_byte(wrapped, 29, get_byte(wrapped, 29) # 1)", 3),
        ("UPDATE deidre_owner SET owner = set_byte(owner, 16, get_byte(owner, 16) # 1)", 3),
    ];
    for (change, damaged) in rows {
        let mut copy = ground.client();
        copy.batch_execute(
            "CREATE TABLE entries AS SELECT * FROM deidre_entry; CREATE TABLE owners AS SELECT * FROM deidre_owner",
        )
        .unwrap();
        copy.batch_execute(change).unwrap();
        let numbers = copy.query("SELECT code FROM deidre_entry ORDER BY label", &[]).unwrap();
        let present: Vec<Code> = numbers.iter().map(|row| code_of(row.get(0)).unwrap()).collect();
        // One that has no keys in memory.
        let fresh = ground.vault();
        let mut entries = Vec::new();
        let found = fresh.verify(&mut |_| ()).unwrap();
        assert_eq!(found.sound + found.damaged, 3, "{change}");
        if damaged > 0 {
            assert_eq!(found.damaged, damaged, "{change}");
        } else {
            assert!(found.damaged > 0, "{change}");
        }
        assert!(matches!(fresh.open(&present, &mut entries), Err(VaultError::Damaged(_))), "{change}");
        assert!(entries.is_empty());
        copy.batch_execute(
            "DELETE FROM deidre_entry; DELETE FROM deidre_owner; INSERT INTO deidre_entry SELECT * FROM entries; \
             INSERT INTO deidre_owner SELECT * FROM owners; DROP TABLE entries; DROP TABLE owners",
        )
        .unwrap();
    }
    assert!(open(&vault, &codes).iter().all(Option::is_some));
    ground.client().batch_execute("UPDATE deidre_vault SET version = 2").unwrap();
    assert!(matches!(Postgres::connect(&ground.url(), &keys()), Err(VaultError::Form(_))));
}

#[test]
fn a_code_that_is_taken_is_not_given() {
    let Some(ground) = Ground::new() else { return };
    let vault = ground.vault();
    let codes = exchange(&vault, &[name("Ada")]);
    let inserted = vault.sessions.run(|session| {
        let mut rows = Rows::default();
        for (code, index) in [(codes[0], [1; 16]), (Code::new(7).unwrap(), [2; 16]), (Code::new(7).unwrap(), [3; 16])] {
            rows.push(Place { code, index, owner: 1, label: Label::Name, flags: 0, scope: [0; 6] });
            rows.end();
        }
        session.insert(&rows)
    });
    assert_eq!(inserted.unwrap().keys().collect::<Vec<_>>(), [&[2; 16]]);
    assert_eq!(ground.count("deidre_entry"), 2);
}

#[test]
fn a_connection_that_breaks_is_replaced() {
    let Some(ground) = Ground::new() else { return };
    let vault = ground.vault();
    let codes = exchange(&vault, &[name("Ada")]);
    let mut client = ground.client();
    for _ in 0..3 {
        let own: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        // Those of this test.
        let ended = client.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> $1 AND application_name = $2",
            &[&own, &ground.schema],
        );
        assert!(!ended.unwrap().is_empty());
        assert!(exchange(&vault, &[name("Ada")]) == codes);
        assert!(open(&vault, &codes)[0].is_some());
    }
}

#[test]
fn nothing_shows_values_or_passwords() {
    let Some(ground) = Ground::new() else { return };
    let vault = ground.vault();
    exchange(&vault, &[name(MARKER)]);
    let mut client = ground.client();
    for table in ["deidre_vault", "deidre_owner", "deidre_entry"] {
        let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).unwrap();
        let hex: String = MARKER.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|row| !row.get::<_, String>(0).contains(MARKER)), "{table}");
        assert!(rows.iter().all(|row| !row.get::<_, String>(0).contains(&hex)), "{table}");
    }
    let (scheme, rest) = ground.server.split_once("://").unwrap();
    let (user, rest) = rest.split_once(':').unwrap();
    let (password, rest) = rest.split_once('@').unwrap();
    let (host, _) = rest.split_once('/').unwrap();
    let urls = [
        format!("{scheme}://{user}:{MARKER}@{rest}"),
        format!("{scheme}://{user}:{password}@{host}/nosuchdatabase"),
        format!("{scheme}://{user}:{password}@%2Fno%2Fsuch%2Fsocket/d"),
        format!("{scheme}://nosuchuser:{password}@{rest}"),
        with(&ground.server, "schema=pg_catalog"),
        with(&ground.server, "schema=information_schema"),
    ];
    for url in urls {
        let error = Postgres::connect(&url, &keys()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(MARKER) && !shown.contains(password), "{shown}");
        assert!(matches!(error, VaultError::Database(_)), "{shown}");
    }
    assert_eq!(format!("{vault:?}"), format!("Postgres {{ schema: {:?}, .. }}", ground.schema));

    // A server that says no in the middle of an exchange may put the row into its message.
    client.batch_execute("ALTER TABLE deidre_entry ADD CONSTRAINT few CHECK (label <> 'NAME') NOT VALID").unwrap();
    let mut codes = Vec::new();
    let error = vault.exchange(&[name(&format!("another {MARKER}"))], &mut codes).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("23514") && !shown.contains("few") && codes.is_empty(), "{shown}");
    // The connection serves on.
    let place = Request { label: Label::City, ..name(MARKER) };
    assert_eq!(exchange(&vault, &[place]).len(), 1);
}

#[test]
fn the_way_is_sealed_where_it_is_asked() {
    let Ok(url) = std::env::var("DEIDRE_TEST_POSTGRES_TLS") else {
        eprintln!("skipped: no DEIDRE_TEST_POSTGRES_TLS");
        return;
    };
    let ground = Ground::on(url.clone());
    assert_eq!(exchange(&ground.vault(), &[name("Ada")]).len(), 1);
    for (mode, sealed) in [("verify-full", true), ("verify-ca", true), ("require", true)] {
        let url = url.replace("sslmode=verify-full", &format!("sslmode={mode}"));
        let mut client = Address::parse(&url).unwrap().connect().unwrap();
        let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).unwrap();
        assert_eq!(row.get::<_, bool>(0), sealed, "{mode}");
    }
    // Another name than the certificate's, and a certificate that nobody here trusts.
    let (front, _) = url.split_once("&sslrootcert").unwrap();
    for url in [url.replace("@localhost", "@127.0.0.1"), front.to_owned()] {
        let error = Postgres::connect(&url, &keys()).unwrap_err();
        assert!(matches!(error, VaultError::Database(_)), "{error}");
    }
}

#[test]
fn what_was_promised_survives_a_crash() {
    if Ground::new().is_none() {
        return;
    }
    let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
    // The server's user must be able to enter it.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let cluster = folder.path().join("c");
    let script = |what: &str| {
        let out =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/postgres")).arg(what).arg(&cluster).output();
        let out = out.unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let start = || script("start").split('\'').nth(1).unwrap().to_owned();
    let url = start();
    let vault = Postgres::connect(&url, &keys()).unwrap();
    let values = values(200_000);
    let mut promised: Vec<Code> = Vec::new();
    let crash = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(700));
            script("crash")
        });
        let failed = values.chunks(500).find_map(|chunk| {
            let requests: Vec<Request<'_>> = chunk.iter().map(|value| name(value)).collect();
            let before = promised.len();
            let error = vault.exchange(&requests, &mut promised).err()?;
            assert_eq!(promised.len(), before, "an exchange that failed promised nothing");
            Some(error)
        });
        thread.join().unwrap();
        failed
    });
    assert!(matches!(crash, Some(VaultError::Database(_))), "{crash:?}");
    assert!(!promised.is_empty());
    let mut out = Vec::new();
    assert!(vault.exchange(&[name(&values[0])], &mut out).is_err(), "it is down, and what is in memory does not count");

    start();
    // The vault that was open goes on, and one that is opened anew knows all that was promised.
    for vault in [&vault, &Postgres::connect(&url, &keys()).unwrap()] {
        let requests: Vec<Request<'_>> = values[..promised.len()].iter().map(|value| name(value)).collect();
        assert!(exchange(vault, &requests) == promised);
        let entries = open(vault, &promised);
        assert!(entries.iter().zip(&values).all(|(entry, value)| *entry.as_ref().unwrap().content == *value));
    }
    script("stop");
    assert!(!cluster.exists());
}

/// Run by hand, in release: `cargo test --release --features postgres -- --ignored --nocapture how_fast`.
#[test]
#[ignore = "measures"]
fn how_fast() {
    const CHUNK: usize = 4096;
    let Some(ground) = Ground::new() else { return };
    let values = values(60 * CHUNK);
    let pass = |what: &str, vault: &Postgres| {
        let start = Instant::now();
        for chunk in values.chunks(CHUNK) {
            let requests: Vec<Request<'_>> = chunk.iter().map(|value| name(value)).collect();
            exchange(vault, &requests);
        }
        eprintln!("{what}: {:.0} values/s", values.len() as f64 / start.elapsed().as_secs_f64());
    };
    let vault = ground.vault();
    pass("new", &vault);
    pass("repeated, in memory", &vault);
    let other = ground.vault();
    pass("repeated, from the database", &other);
    let start = Instant::now();
    let codes = exchange(&other, &[name(&values[0])]);
    eprintln!("one value in memory: {:?}", start.elapsed());
    assert_eq!(codes.len(), 1);
    let start = Instant::now();
    sound(&vault, values.len() as u64);
    eprintln!("verify: {:.0} entries/s", values.len() as f64 / start.elapsed().as_secs_f64());
    eprintln!("{} bytes an entry", vault.stats().unwrap().bytes.unwrap() / values.len() as u64);

    let ground = Ground::new().unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for part in values.chunks(values.len() / 4) {
            let ground = &ground;
            scope.spawn(move || {
                let vault = ground.vault();
                for chunk in part.chunks(CHUNK) {
                    let requests: Vec<Request<'_>> = chunk.iter().map(|value| name(value)).collect();
                    exchange(&vault, &requests);
                }
            });
        }
    });
    eprintln!("new, four writers: {:.0} values/s", values.len() as f64 / start.elapsed().as_secs_f64());
}
