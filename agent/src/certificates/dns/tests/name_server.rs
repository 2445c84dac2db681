//! A DNS server of a test's own, over UDP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, NS, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// Answers with the records that it is told, until the test ends.
#[derive(Clone)]
pub(in crate::certificates) struct NameServer {
    records: Arc<Mutex<Vec<(Name, RData)>>>,
    pub(in crate::certificates) address: SocketAddr,
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

impl NameServer {
    pub(in crate::certificates) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            records: Arc::default(),
            address: socket.local_addr().unwrap(),
        };
        let answering = server.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let Ok(question) = Message::from_vec(&buffer[..length]) else {
                    continue;
                };
                let answer = answering.answer(question).to_vec().unwrap();
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        server
    }

    fn answer(&self, question: Message) -> Message {
        let asked = question.queries.clone();
        let mut answer = question.into_response();
        let records = self.records.lock().unwrap();
        let of_name: Vec<_> = records
            .iter()
            .filter(|(name, _)| asked.iter().any(|query| query.name() == name))
            .collect();
        answer.metadata.authoritative = true;
        if of_name.is_empty() {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        for (name, data) in of_name {
            if asked
                .iter()
                .any(|query| query.query_type() == data.record_type())
            {
                answer.add_answer(Record::from_rdata(name.clone(), 60, data.clone()));
            }
        }
        answer
    }

    fn add(&self, of: &str, data: RData) {
        self.records.lock().unwrap().push((name(of), data));
    }

    pub(in crate::certificates) fn add_text(&self, of: &str, text: &str) {
        self.add(of, RData::TXT(TXT::new(vec![text.to_owned()])));
    }

    pub(in crate::certificates) fn add_server(&self, of: &str, server: &str) {
        self.add(of, RData::NS(NS(name(server))));
    }

    pub(in crate::certificates) fn add_address(&self, of: &str, address: [u8; 4]) {
        self.add(of, RData::A(A::from(std::net::Ipv4Addr::from(address))));
    }

    pub(in crate::certificates) fn remove_text(&self, of: &str, text: &str) {
        let gone = RData::TXT(TXT::new(vec![text.to_owned()]));
        let of = name(of);
        let mut records = self.records.lock().unwrap();
        records.retain(|(name, data)| *name != of || *data != gone);
    }

    pub(in crate::certificates) fn texts(&self, of: &str) -> Vec<String> {
        let of = name(of);
        let records = self.records.lock().unwrap();
        records
            .iter()
            .filter(|(name, data)| *name == of && data.record_type() == RecordType::TXT)
            .map(|(_, data)| data.to_string())
            .collect()
    }
}
