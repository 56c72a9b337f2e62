//! Streams: however a text is cut into messages, what comes out is what the whole text gives.

use deidre::service::proto::deidentify_stream_request::Message as Ask;
use deidre::service::proto::deidentify_stream_response::Message as Answer;
use deidre::service::proto::deidre_client::DeidreClient;
use deidre::service::proto::reveal_stream_request::Message as RevealAsk;
use deidre::service::proto::reveal_stream_response::Message as RevealAnswer;
use deidre::service::proto::{
    DeidentifyStreamRequest, Options, RevealOptions, RevealStreamRequest, Revealed, Span, StreamMode, StreamOptions,
    StreamSummary,
};
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{NOTE, Server, notes, refused, request};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % end.max(1)
    }

    /// The bytes in pieces of any length, empty ones too.
    fn pieces(&mut self, mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let most = [2, 5, 40, 700, 20_000][self.below(5)].max(bytes.len() / 300);
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(self.below(most + 1).min(bytes.len()));
            pieces.push(piece.to_vec());
            bytes = rest;
        }
        pieces
    }
}

fn start(policy: &str, mode: StreamMode) -> Ask {
    let options = Options { policy: policy.to_owned(), spans: true, ..Options::default() };
    Ask::Start(StreamOptions { options: Some(options), mode: mode.into() })
}

async fn stream(
    client: &mut DeidreClient<Channel>,
    start: Ask,
    pieces: Vec<Vec<u8>>,
) -> Result<(String, Vec<Span>, StreamSummary), Status> {
    let asks = std::iter::once(start).chain(pieces.into_iter().map(Ask::Chunk));
    let asks: Vec<_> = asks.map(|message| DeidentifyStreamRequest { message: Some(message) }).collect();
    let mut answers = client.deidentify_stream(tokio_stream::iter(asks)).await?.into_inner();
    let (mut text, mut spans, mut summary) = (String::new(), Vec::new(), None);
    while let Some(answer) = answers.message().await? {
        assert!(summary.is_none(), "something behind the summary");
        match answer.message.unwrap() {
            Answer::Scrubbed(scrubbed) => {
                text.push_str(&scrubbed.text);
                spans.extend(scrubbed.spans);
            }
            Answer::Summary(last) => summary = Some(last),
        }
    }
    Ok((text, spans, summary.expect("a summary")))
}

/// Texts of all lengths, some of them longer than a block.
fn texts(dice: &mut Dice, count: usize) -> Vec<String> {
    let notes = notes();
    let mut texts = vec![NOTE.to_owned(), String::new(), "é".repeat(40_000), format!("{NOTE}\n\n").repeat(900)];
    while texts.len() < count {
        let parts = 1 + dice.below(if texts.len() % 40 == 0 { 60 } else { 3 });
        let part = |dice: &mut Dice| notes[dice.below(notes.len())].clone() + ["\n", "\n\n", " ", "é"][dice.below(4)];
        texts.push((0..parts).map(|_| part(dice)).collect());
    }
    texts
}

#[tokio::test]
async fn any_split_of_a_text_gives_what_the_whole_text_gives() {
    // DEIDRE_SPLITS=10000 for the figure of record.
    let splits: usize = std::env::var("DEIDRE_SPLITS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let texts = texts(&mut dice, (splits / 50).clamp(12, 200));
    for (number, text) in texts.iter().enumerate() {
        // Sealed tokens and labels in turn.
        let policy = if number % 2 == 0 { "minimum-necessary" } else { "redact" };
        let mut ask = request(text, policy);
        ask.options.as_mut().unwrap().spans = true;
        let whole = client.deidentify(ask).await.unwrap().into_inner();
        let mut live = None;
        for split in 0..splits.div_ceil(texts.len()) {
            let pieces = dice.pieces(text.as_bytes());
            let (out, spans, summary) = stream(&mut client, start(policy, StreamMode::Whole), pieces).await.unwrap();
            assert!(out == whole.text && spans == whole.spans && summary.counts == whole.counts, "text {number}");
            // Live blocks are others, and are the same for every split.
            if split % 4 == 0 {
                let pieces = dice.pieces(text.as_bytes());
                let (out, ..) = stream(&mut client, start(policy, StreamMode::Live), pieces).await.unwrap();
                assert!(*live.get_or_insert_with(|| out.clone()) == out, "text {number}");
            }
        }
    }
}

#[tokio::test]
async fn live_text_comes_out_while_more_is_to_come() {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let (tell, asks) = tokio::sync::mpsc::channel(4);
    let send = async |message| tell.send(DeidentifyStreamRequest { message: Some(message) }).await.unwrap();
    send(start("redact", StreamMode::Live)).await;
    send(Ask::Chunk(b"Seen by Dr. Thadd".to_vec())).await;
    let asks = tokio_stream::wrappers::ReceiverStream::new(asks);
    let mut answers = client.deidentify_stream(asks).await.unwrap().into_inner();
    send(Ask::Chunk(b"eus Osei on 03/0".to_vec())).await;
    send(Ask::Chunk(b"4/2019.\n\nMRN 0048".to_vec())).await;
    let mut next = async || match answers.message().await.unwrap().unwrap().message.unwrap() {
        Answer::Scrubbed(scrubbed) => scrubbed.text,
        Answer::Summary(_) => panic!("a summary"),
    };
    assert_eq!(next().await, "Seen by Dr. [NAME] on [DATE].\n\n");
    send(Ask::Chunk(b"2913\n\n".to_vec())).await;
    assert_eq!(next().await, "MRN [MRN]\n\n");
}

#[tokio::test]
async fn streams_that_are_none_are_refused() {
    let server = Server::start(&["--max-stream", "1000", "--idle", "1"]);
    let mut client = server.client().await;
    let begin = || start("redact", StreamMode::Whole);
    for (first, pieces, code, why) in [
        (Ask::Chunk(b"x".to_vec()), vec![], Code::InvalidArgument, "INVALID"),
        (begin(), vec![b"ab\xff".to_vec()], Code::InvalidArgument, "INVALID"),
        (begin(), vec![b"ab\xc3".to_vec()], Code::InvalidArgument, "INVALID"),
        (begin(), vec![vec![b'x'; 600], vec![b'x'; 600]], Code::InvalidArgument, "TOO_LARGE"),
        (start("nothing", StreamMode::Whole), vec![], Code::NotFound, "NO_POLICY"),
        (start("safe-harbor", StreamMode::Whole), vec![], Code::Unavailable, "VAULT_MISSING"),
    ] {
        refused(stream(&mut client, first, pieces).await, code, why);
    }
    // Nothing comes: it ends, and its room is free again.
    let silent = tokio_stream::pending();
    let mut answers = client.deidentify_stream(silent).await.unwrap().into_inner();
    refused(answers.message().await, Code::DeadlineExceeded, "IDLE");
    let (text, ..) = stream(&mut client, begin(), vec![]).await.unwrap();
    assert_eq!(text, "");
}

#[tokio::test]
async fn tokens_cut_anywhere_come_back() {
    let server = Server::start(&["--open-loopback"]);
    let mut client = server.client().await;
    let text = format!("Zoë says: {NOTE} 北京 😀");
    let scrubbed = client.deidentify(request(&text, "minimum-necessary")).await.unwrap().into_inner().text;
    assert!(!scrubbed.contains("Osei") && scrubbed.contains("北京 😀"));
    let mut dice = Dice(7);
    for _ in 0..60 {
        let options = RevealOptions { reason: "a test".to_owned(), ..RevealOptions::default() };
        let pieces = dice.pieces(scrubbed.as_bytes()).into_iter().map(RevealAsk::Chunk);
        let asks: Vec<_> = std::iter::once(RevealAsk::Start(options))
            .chain(pieces)
            .map(|message| RevealStreamRequest { message: Some(message) })
            .collect();
        let mut answers = client.reveal_stream(tokio_stream::iter(asks)).await.unwrap().into_inner();
        let (mut back, mut revealed) = (Vec::new(), None::<Revealed>);
        while let Some(answer) = answers.message().await.unwrap() {
            match answer.message.unwrap() {
                RevealAnswer::Chunk(bytes) => {
                    assert!(std::str::from_utf8(&bytes).is_ok(), "a character is cut");
                    back.extend(bytes);
                }
                RevealAnswer::Revealed(last) => revealed = Some(last),
            }
        }
        assert_eq!(String::from_utf8(back).unwrap(), text);
        assert_eq!(revealed.unwrap().revealed, 5);
    }
}
