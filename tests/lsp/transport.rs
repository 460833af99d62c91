//! What standard input and output are: pipes in all other tests, sockets from editors on libuv, files by hand.

use std::io::{BufReader, Seek, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use super::client::{Start, ended, frame, read, server};

const URI: &str = "file:///nowhere/job.py";

/// A job with so many findings, of more bytes than a pipe or a socket takes at once.
fn long_job(findings: usize) -> String {
    let finding =
        "spark.table('orders').rdd.map(lambda x: (x, 1)).groupByKey().mapValues(sum).collect()\n";
    let head = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n";
    [head, &finding.repeat(findings)].concat()
}

#[cfg(unix)]
#[test]
fn an_editor_may_give_sockets() {
    let mut client = Start::default().start_on_sockets();
    client.open(URI, "python", &long_job(1_000));
    assert!(client.diagnostics(URI, 1).len() >= 1_000);
    client.replace(URI, 2, &long_job(1));
    assert!(!client.diagnostics(URI, 2).is_empty());
    assert!(client.shut_down().success());
}

#[cfg(unix)]
#[test]
fn an_editor_that_goes_away_ends_the_server() {
    use std::os::{fd::OwnedFd, unix::net::UnixStream};
    let (editor, input) = UnixStream::pair().unwrap();
    let mut on_sockets = server(OwnedFd::from(input).into(), Stdio::null());
    drop(editor);
    assert_eq!(ended(&mut on_sockets).code(), Some(1));
    let mut on_pipes = server(Stdio::piped(), Stdio::piped());
    drop(on_pipes.stdin.take());
    assert_eq!(ended(&mut on_pipes).code(), Some(1));
}

#[test]
fn messages_may_stand_in_a_file() {
    let mut input = tempfile::tempfile().unwrap();
    for (id, method) in [(Some(1), "initialize"), (Some(2), "shutdown"), (None, "exit")] {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(id) = id {
            message["id"] = json!(id);
        }
        if method == "initialize" {
            message["params"] = json!({"capabilities": {}});
        }
        input.write_all(&frame(&message)).unwrap();
    }
    input.rewind().unwrap();
    let mut output = tempfile::tempfile().unwrap();
    let written = Stdio::from(output.try_clone().unwrap());
    // It has ended once all is read, and does not succeed: a client waits for the first answer.
    let mut process = server(Stdio::from(input), written);
    assert_eq!(ended(&mut process).code(), Some(1));
    output.rewind().unwrap();
    let mut output = BufReader::new(output);
    let ids: Vec<Value> =
        std::iter::from_fn(|| read(&mut output)).map(|it| it["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!(2)]);
}
