//! Classifies one image with a TFLite model through wasi-nn, and times each step.
//!
//! Usage: nn-module MODEL IMAGE [LABELS] [--repeat N]
//!        nn-module --preprocess IMAGE
//!
//! README.md holds the steps, the arithmetic of the resizing and the report line. The module
//! brings no library: it reads its files through WASI and leaves the inference to its host.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

const SIDE: usize = 224; // rows and columns of the model's input
const CHANNELS: usize = 3;
const LARGEST_SIDE: usize = 16384; // of an image
const LARGEST_OUTPUT: usize = 1 << 16;
const LARGEST_REPEAT: usize = 1_000_000;
const TOP: usize = 5;

/// The calls of wasi-nn (`wasi_ephemeral_nn`, witx), each of which returns an errno.
mod nn {
    pub const TENSORFLOWLITE: u32 = 4;
    pub const CPU: u32 = 0;
    pub const U8: u8 = 2;

    #[repr(C)]
    pub struct Bytes {
        pub start: *const u8,
        pub len: usize,
    }

    #[repr(C)]
    pub struct Tensor {
        pub dimensions: *const u32,
        pub dimensions_len: usize,
        pub kind: u8,
        pub data: *const u8,
        pub data_len: usize,
    }

    #[link(wasm_import_module = "wasi_ephemeral_nn")]
    extern "C" {
        pub fn load(
            builders: *const Bytes,
            count: usize,
            encoding: u32,
            target: u32,
            graph: *mut u32,
        ) -> u32;
        pub fn init_execution_context(graph: u32, context: *mut u32) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: *const Tensor) -> u32;
        pub fn compute(context: u32) -> u32;
        pub fn get_output(
            context: u32,
            index: u32,
            buffer: *mut u8,
            len: usize,
            written: *mut usize,
        ) -> u32;
    }

    const ERRNO: [&str; 9] = [
        "success",
        "invalid_argument",
        "invalid_encoding",
        "missing_memory",
        "busy",
        "runtime_error",
        "unsupported_operation",
        "too_large",
        "not_found",
    ];

    /// An errno as a result: the line names the call and the errno.
    pub fn done(call: &str, errno: u32) -> Result<(), String> {
        let errno = errno & 0xffff; // 16 bits in the witx; a host may leave the others as they are
        match (errno, ERRNO.get(errno as usize)) {
            (0, _) => Ok(()),
            (_, Some(name)) => Err(format!("wasi-nn refuses {call}: {name}")),
            (_, None) => Err(format!("wasi-nn refuses {call}: errno {errno}")),
        }
    }
}

/// A model that the host has loaded, ready to compute.
struct Classifier {
    context: u32,
}

impl Classifier {
    fn load(model: &[u8]) -> Result<Classifier, String> {
        let builder = nn::Bytes { start: model.as_ptr(), len: model.len() };
        let (mut graph, mut context) = (0, 0);
        // Each pointer below is to a value that outlives the call.
        let errno = unsafe { nn::load(&builder, 1, nn::TENSORFLOWLITE, nn::CPU, &mut graph) };
        nn::done("load", errno)?;
        nn::done("init_execution_context", unsafe {
            nn::init_execution_context(graph, &mut context)
        })?;
        Ok(Classifier { context })
    }

    /// One inference: the scores are written to `scores`; returns how many there are.
    fn scores(&self, input: &[u8], scores: &mut [u8]) -> Result<usize, String> {
        let dimensions = [1, SIDE as u32, SIDE as u32, CHANNELS as u32];
        let tensor = nn::Tensor {
            dimensions: dimensions.as_ptr(),
            dimensions_len: dimensions.len(),
            kind: nn::U8,
            data: input.as_ptr(),
            data_len: input.len(),
        };
        let mut written = 0;
        nn::done("set_input", unsafe { nn::set_input(self.context, 0, &tensor) })?;
        nn::done("compute", unsafe { nn::compute(self.context) })?;
        let buffer = scores.as_mut_ptr();
        nn::done("get_output", unsafe {
            nn::get_output(self.context, 0, buffer, scores.len(), &mut written)
        })?;
        if written == 0 || written > scores.len() {
            return Err(format!("wasi-nn says that it wrote {written} bytes"));
        }
        Ok(written)
    }
}

struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>, // row by row, red, green and blue
}

/// Reads a binary PPM file (P6) with 8 bits a colour.
fn parse_ppm(file: &[u8]) -> Result<Image, String> {
    if !file.starts_with(b"P6") {
        return Err("is not a binary PPM image (P6)".to_string());
    }
    let mut at = 2;
    let mut numbers = [0; 3];
    for number in &mut numbers {
        *number = ppm_number(file, &mut at).ok_or("is no PPM image: its header is broken")?;
    }
    let [width, height, largest] = numbers;
    if !(1..=LARGEST_SIDE).contains(&width) || !(1..=LARGEST_SIDE).contains(&height) {
        return Err(format!("is {width} x {height}; each side is from 1 to {LARGEST_SIDE}"));
    }
    if largest != 255 {
        return Err(format!("has colours up to {largest}; only 255 is read"));
    }
    at += 1; // one white space, which ppm_number has seen
    let size = width * height * CHANNELS;
    match file.get(at..).and_then(|rest| rest.get(..size)) {
        Some(pixels) => Ok(Image { width, height, pixels: pixels.to_vec() }),
        None => Err("is cut short".to_string()),
    }
}

/// The next number of a PPM header, after white space and comments; white space must follow it.
fn ppm_number(file: &[u8], at: &mut usize) -> Option<usize> {
    let mut separated = false;
    loop {
        match *file.get(*at)? {
            b'#' => {
                *at += file.get(*at..)?.iter().position(|&byte| byte == b'\n')?;
                separated = true;
            }
            byte if is_space(byte) => separated = true,
            _ => break,
        }
        *at += 1;
    }
    let digits = file.get(*at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !separated || !(1..=6).contains(&digits) {
        return None;
    }
    let value = file[*at..*at + digits]
        .iter()
        .fold(0, |value, &byte| 10 * value + usize::from(byte - b'0'));
    *at += digits;
    file.get(*at).filter(|&&byte| is_space(byte)).map(|_| value)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Where an output row or column lies between two of the source: `high` has `part` of 2 SIDE.
struct Between {
    low: usize,
    high: usize,
    part: u32,
}

const WHOLE: u32 = 2 * SIDE as u32;

/// For each of SIDE output samples its place in `len` source samples from `first` on.
fn places(first: usize, len: usize) -> Vec<Between> {
    (0..SIDE)
        .map(|i| {
            let centre = ((2 * i + 1) * len).saturating_sub(SIDE); // in 1 / (2 SIDE) of a sample
            let low = (centre / (2 * SIDE)).min(len - 1);
            let part = if low == len - 1 { 0 } else { (centre % (2 * SIDE)) as u32 };
            Between { low: first + low, high: first + (low + 1).min(len - 1), part }
        })
        .collect()
}

/// The centre square of an image, resized to the model's input by bilinear interpolation in
/// integers: the same bytes on every machine, and in NumPy.
fn preprocess(image: &Image) -> Vec<u8> {
    let side = image.width.min(image.height);
    let rows = places((image.height - side) / 2, side);
    let columns = places((image.width - side) / 2, side);
    let mut input = Vec::with_capacity(SIDE * SIDE * CHANNELS);
    for row in &rows {
        let line = |y: usize| &image.pixels[y * image.width * CHANNELS..];
        let (above, below) = (line(row.low), line(row.high));
        for column in &columns {
            for channel in 0..CHANNELS {
                let (left, right) =
                    (column.low * CHANNELS + channel, column.high * CHANNELS + channel);
                let top = mix(above[left].into(), above[right].into(), column.part);
                let bottom = mix(below[left].into(), below[right].into(), column.part);
                let sum = mix(top, bottom, row.part);
                input.push(((sum + WHOLE * WHOLE / 2) / (WHOLE * WHOLE)) as u8);
            }
        }
    }
    input
}

fn mix(low: u32, high: u32, part: u32) -> u32 {
    low * (WHOLE - part) + high * part
}

/// FNV-1a, 64 bits: enough to see that two runs gave other bytes.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The indices of the highest scores; the lower index first among equals.
fn top(scores: &[u8]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by_key(|&index| (255 - scores[index], index));
    order.truncate(TOP);
    order
}

fn label(labels: &[u8], index: usize) -> Option<String> {
    let text = String::from_utf8_lossy(labels);
    text.lines().nth(index).map(|line| line.trim().to_string())
}

fn json_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for each in text.chars() {
        match each {
            '"' | '\\' => quoted.extend(['\\', each]),
            // Writing to a string cannot fail.
            control if control < ' ' => drop(write!(quoted, "\\u{:04x}", control as u32)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[derive(Default)]
struct Options {
    model: String,
    image: String,
    labels: Option<String>,
    repeat: usize,
    preprocess_only: bool,
}

const USAGE: &str =
    "usage: nn-module MODEL IMAGE [LABELS] [--repeat N], or nn-module --preprocess IMAGE";

fn arguments() -> Result<Options, String> {
    let mut options = Options { repeat: 1, ..Options::default() };
    let mut paths = Vec::new();
    let words: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(|word| word.into_string()).collect();
    let mut words = words.map_err(|_| "an argument is not UTF-8")?.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--preprocess" => options.preprocess_only = true,
            "--repeat" => {
                options.repeat = match words.next().map(|text| text.parse()) {
                    Some(Ok(n)) if (1..=LARGEST_REPEAT).contains(&n) => n,
                    _ => return Err(format!("--repeat takes 1 to {LARGEST_REPEAT}")),
                }
            }
            _ => paths.push(word),
        }
    }
    let mut paths = paths.into_iter();
    if !options.preprocess_only {
        options.model = paths.next().ok_or(USAGE)?;
    }
    options.image = paths.next().ok_or(USAGE)?;
    if !options.preprocess_only {
        options.labels = paths.next();
    }
    match paths.next() {
        None => Ok(options),
        Some(_) => Err(USAGE.to_string()),
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

fn read_image(path: &str) -> Result<Image, String> {
    parse_ppm(&read(path)?).map_err(|problem| format!("{path} {problem}"))
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Preprocesses only; returns the report line.
fn run_preprocess(options: &Options) -> Result<String, String> {
    let clock = Instant::now();
    let input = preprocess(&read_image(&options.image)?);
    Ok(format!(
        "{{\"benchharness\":{{\"outputs\":{{\"input_digest\":\"{:016x}\"}},\"clock_ns\":{}}}}}",
        digest(&input),
        clock.elapsed().as_nanos()
    ))
}

/// Classifies and returns the report line.
fn run(options: &Options) -> Result<String, String> {
    let clock = Instant::now();
    let now_ns = || clock.elapsed().as_nanos() as u64;

    let model = read(&options.model)?;
    let image = read_image(&options.image)?;
    let labels = options.labels.as_deref().map(read).transpose()?;
    let read_ns = now_ns();
    let input = preprocess(&image);
    let preprocessed_ns = now_ns();
    let classifier = Classifier::load(&model)?;
    let loaded_ns = now_ns();
    let mut scores = vec![0; LARGEST_OUTPUT];
    let count = classifier.scores(&input, &mut scores)?;
    scores.truncate(count);
    let first_ns = now_ns();

    let mut again = vec![0; LARGEST_OUTPUT];
    let mut took_ns = vec![0; options.repeat];
    let mut before_ns = now_ns();
    let steady_ns = before_ns;
    for took in &mut took_ns {
        let count = classifier.scores(&input, &mut again)?;
        let after_ns = now_ns();
        *took = after_ns - before_ns;
        before_ns = after_ns;
        if again[..count] != scores[..] {
            return Err("the same input gave other scores than the first time".to_string());
        }
    }
    let end_ns = before_ns;

    let best = top(&scores);
    let pairs: Vec<String> =
        best.iter().map(|&index| format!("[{index},{}]", scores[index])).collect();
    let name = match &labels {
        None => String::new(),
        Some(labels) => {
            let name = label(labels, best[0])
                .ok_or_else(|| format!("there is no label for class {}", best[0]))?;
            format!("\"label\":{},", json_string(&name))
        }
    };
    took_ns.sort_unstable();
    let median_ns = (took_ns[(options.repeat - 1) / 2] + took_ns[options.repeat / 2]) / 2;
    let mean_s = seconds(end_ns - steady_ns) / options.repeat as f64;
    Ok(format!(
        "{{\"benchharness\":{{\"outputs\":{{{name}\"top5\":[{}],\"digest\":\"{:016x}\",\
         \"input_digest\":\"{:016x}\"}},\"metrics\":{{\"preprocess_s\":[{:.9},\"s\"],\
         \"load_s\":[{:.9},\"s\"],\"first_inference_s\":[{:.9},\"s\"],\
         \"inference_s\":[{mean_s:.9},\"s\"],\"inference_median_s\":[{:.9},\"s\"],\
         \"inference_min_s\":[{:.9},\"s\"]}},\"phases\":[[\"read\",0,{read_ns}],\
         [\"preprocess\",{read_ns},{preprocessed_ns}],\
         [\"load_model\",{preprocessed_ns},{loaded_ns}],[\"first\",{loaded_ns},{first_ns}],\
         [\"steady\",{steady_ns},{end_ns}]],\"clock_ns\":{}}}}}",
        pairs.join(","),
        digest(&scores),
        digest(&input),
        seconds(preprocessed_ns - read_ns),
        seconds(loaded_ns - preprocessed_ns),
        seconds(first_ns - loaded_ns),
        seconds(median_ns),
        seconds(took_ns[0]),
        now_ns()
    ))
}

fn classify_and_print() -> Result<(), (i32, String)> {
    let options = arguments().map_err(|message| (2, message))?;
    let report = if options.preprocess_only { run_preprocess(&options) } else { run(&options) };
    let report = report.map_err(|message| (1, message))?;
    writeln!(std::io::stdout(), "{report}")
        .map_err(|error| (1, format!("cannot write the report: {error}")))
}

fn main() {
    if let Err((code, message)) = classify_and_print() {
        drop(writeln!(std::io::stderr(), "nn-module: {message}"));
        std::process::exit(code);
    }
}
