//! VPC flow records of version 2, each flow at both of its ends and each way: edge locations to the balancer, the balancer to tasks,
//! tasks to the database and to the endpoint of CloudWatch Logs; scanners that the security groups refuse; now and then an answer that
//! comes after its connection was closed.

use super::{
    dice::Dice,
    logs::{Line, client},
    names,
    world::{Beat, Worker, moment},
};

/// Addresses of the balancer's nodes, by zone.
pub const NODES: [&str; 2] = ["10.0.0.41", "10.0.1.54"];
pub const NODE_INTERFACES: [&str; 2] = ["eni-0a7e3c91d5f2b8640", "eni-0b8f4da2e603c9751"];
pub const NAT_IP: &str = "10.0.0.87";
pub const NAT_INTERFACE: &str = "eni-0c905eb3f714da862";
pub const DATABASE_INTERFACE: &str = "eni-0da16fc40825eb973";
/// Address within the private subnets, and first half of the interface's id, of each endpoint with interfaces.
pub const ENDPOINTS: [(&str, u8, &str); 4] = [
    ("ecr.api", 5, "eni-0e1c2d3b"),
    ("ecr.dkr", 6, "eni-0e2d3e4c"),
    ("logs", 7, "eni-0e3e4f5d"),
    ("secretsmanager", 8, "eni-0e4f506e"),
];
/// Edge locations that ask the balancer, in a documentation range.
const EDGES: [&str; 3] = ["198.51.100.3", "198.51.100.19", "198.51.100.35"];
/// Ports that scanners try.
const SCANNED: [u16; 14] = [
    21, 22, 23, 25, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 8080, 27_017,
];
/// Bytes of a packet towards a service, and of one of its answer.
const ASKING: f64 = 212.0;
const ANSWERING: f64 = 890.0;
/// An answer of this share of tasks and minutes comes too late.
const LATE: f64 = 0.02;

/// The network interface of a task.
pub fn interface(task: &str) -> String {
    format!("eni-0{}", &task[..16])
}

/// The network interface of an endpoint in a zone.
pub fn endpoint_interface(half: &str, zone: usize) -> String {
    format!("{half}{:09x}", 0x9_a7c4_e1f3 + zone)
}

/// One end of a flow: who records there, and the address and port.
#[derive(Clone, Copy)]
struct End<'a> {
    interface: Option<&'a str>,
    address: &'a str,
    port: i64,
}

/// The records of a beat: each interface tells its minute when it ends, which is at a second of its own.
struct Telling<'a> {
    beat: &'a Beat,
    lines: &'a mut Vec<Line>,
}

impl Telling<'_> {
    /// The end of the interface's minute, where it ends in this beat.
    fn ends(&self, interface: &str) -> Option<i64> {
        let letters = interface.bytes();
        let second = letters.fold(7_i64, |sum, letter| (sum * 31 + i64::from(letter)) % 60);
        let end = (self.beat.at - second).div_euclid(60) * 60 + second;
        (end > self.beat.at - self.beat.seconds).then_some(end)
    }

    fn record(&mut self, interface: &str, what: impl FnOnce(i64, i64) -> String) {
        if let Some(end) = self.ends(interface) {
            self.lines.push((
                moment(end),
                format!("{interface}-all"),
                format!("2 {} {interface} {}", names::ACCOUNT, what(end - 60, end)),
            ));
        }
    }

    fn one_way(
        &mut self,
        at: &str,
        (from, to): (End<'_>, End<'_>),
        (packets, size): (f64, f64),
        action: &str,
    ) {
        let packets = packets.ceil().max(1.0);
        let bytes = packets * size;
        self.record(at, |start, end| {
            format!(
                "{} {} {} {} 6 {packets:.0} {bytes:.0} {start} {end} {action} OK",
                from.address, to.address, from.port, to.port,
            )
        });
    }

    /// An accepted flow and its answer, wherever they are recorded.
    fn exchange(&mut self, from: End<'_>, to: End<'_>, packets: f64) {
        for at in [from.interface, to.interface].into_iter().flatten() {
            self.one_way(at, (from, to), (packets, ASKING), "ACCEPT");
            self.one_way(at, (to, from), (packets * 1.2, ANSWERING), "ACCEPT");
        }
    }
}

/// Tells the flows of the minutes that end in this beat.
pub fn flow(beat: &Beat, dice: &mut Dice, lines: &mut Vec<Line>) {
    if beat.seconds > 60 {
        return;
    }
    let mut telling = Telling { beat, lines };
    let a_minute = 60.0 / beat.seconds as f64;
    let share = |workers: &[Worker], answered: f32| {
        f64::from(answered) * a_minute / workers.len().max(1) as f64
    };
    let answered = f64::from(beat.frontend.0 + beat.backend.0) * a_minute;
    for (zone, node) in NODES.into_iter().enumerate() {
        for edge in EDGES {
            let from = End {
                interface: None,
                address: edge,
                port: dice.seconds(1_024, 65_000),
            };
            let to = End {
                interface: Some(NODE_INTERFACES[zone]),
                address: node,
                port: 443,
            };
            telling.exchange(from, to, answered);
        }
    }
    for (workers, answered, port) in [
        (&beat.pages, beat.frontend.0, 8080),
        (&beat.workers, beat.backend.0, 8000),
    ] {
        for worker in workers.iter() {
            let packets = share(workers, answered) * 6.0;
            task(worker, port, packets, dice, &mut telling);
        }
    }
    scanners(dice, &mut telling);
    // Nothing starts there while no task is placed.
    let (_, _, quiet) = ENDPOINTS[3];
    telling.record(&endpoint_interface(quiet, 1), |start, end| {
        format!("- - - - - - - {start} {end} - NODATA")
    });
}

/// What a task has to do with the balancer, with CloudWatch Logs and, where it is the backend, with the database.
fn task(worker: &Worker, port: i64, packets: f64, dice: &mut Dice, telling: &mut Telling<'_>) {
    let own = interface(&worker.id);
    let at = |port| End {
        interface: Some(&own),
        address: &worker.ip,
        port,
    };
    let node = End {
        interface: Some(NODE_INTERFACES[worker.zone]),
        address: NODES[worker.zone],
        port: dice.seconds(34_000, 60_900),
    };
    telling.exchange(node, at(port), packets);
    if port == 8000 {
        let database = End {
            interface: Some(DATABASE_INTERFACE),
            address: names::DATABASE_IP,
            port: 5432,
        };
        telling.exchange(at(dice.seconds(34_000, 60_900)), database, packets * 1.4);
    }
    let (_, host, half) = ENDPOINTS[2];
    let (endpoint, address) = (
        endpoint_interface(half, worker.zone),
        format!("10.0.{}.{host}", 20 + worker.zone),
    );
    let logs = End {
        interface: Some(&endpoint),
        address: &address,
        port: 443,
    };
    telling.exchange(at(dice.seconds(34_000, 60_900)), logs, packets * 0.3);
    if dice.unit() < LATE {
        telling.one_way(
            NODE_INTERFACES[worker.zone],
            (at(port), node),
            (1.0, 40.0),
            "REJECT",
        );
    }
}

/// What the internet tries: single ports all the time, now and then a whole list of them.
fn scanners(dice: &mut Dice, telling: &mut Telling<'_>) {
    for (interface, node) in NODE_INTERFACES.into_iter().zip(NODES) {
        let mut probe = |address: &str, port: u16, dice: &mut Dice| {
            let from = End {
                interface: None,
                address,
                port: dice.seconds(30_000, 65_000),
            };
            let to = End {
                interface: None,
                address: node,
                port: port.into(),
            };
            telling.one_way(interface, (from, to), (1.0, 40.0), "REJECT");
        };
        for _ in 0..dice.seconds(1, 3) {
            let scanner = client(dice);
            let port = *dice.pick(&SCANNED);
            probe(&scanner, port, dice);
        }
        if dice.unit() < 0.07 {
            let scanner = client(dice);
            for port in SCANNED {
                probe(&scanner, port, dice);
            }
        }
    }
}
