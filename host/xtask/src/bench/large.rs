//! A component as large as one likes: a small one, and behind it a core module of functions that are compiled with it.

/// Bytes of the module for each function: its body, and its entry in the list of functions.
const FUNCTION: usize = STEPS * 13 + 7;
const STEPS: usize = 60;

/// About so many bytes, of which nearly all are code.
pub(super) fn component(small: &[u8], size: usize) -> Vec<u8> {
    let count = size.saturating_sub(small.len()) / FUNCTION;
    let mut component = small.to_vec();
    section(&mut component, 1, &module(count));
    component
}

fn module(functions: usize) -> Vec<u8> {
    let two_numbers_to_one = [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f];
    let all_of_it = [number(functions), vec![0; functions]].concat();
    let mut code = number(functions);
    for each in 0..functions {
        let body = body(each);
        code.extend([number(body.len()), body].concat());
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, 1, &two_numbers_to_one);
    section(&mut module, 3, &all_of_it);
    section(&mut module, 10, &code);
    module
}

/// Arithmetic with branches, in each function with other numbers.
fn body(seed: usize) -> Vec<u8> {
    const GET: u8 = 0x20;
    const SET: u8 = 0x21;
    const CONST: u8 = 0x41;
    const IF: u8 = 0x04;
    const NO_RESULT: u8 = 0x40;
    const END: u8 = 0x0b;
    const OPERATIONS: [u8; 4] = [0x6a, 0x6b, 0x6c, 0x73];
    let mut body = vec![0];
    for step in 0..STEPS {
        let operation = OPERATIONS[(seed + step) % OPERATIONS.len()];
        let [low, high] = [(seed + step) & 0x7f, (seed >> 3) & 0x3f].map(|part| u8::try_from(part).unwrap_or(0));
        body.extend([GET, 1, IF, NO_RESULT, GET, 0, CONST, low | 0x80, high, operation, SET, 1, END]);
    }
    body.extend([GET, 1, END]);
    body
}

fn section(bytes: &mut Vec<u8>, id: u8, content: &[u8]) {
    bytes.push(id);
    bytes.extend(number(content.len()));
    bytes.extend(content);
}

/// As WebAssembly writes numbers: seven bits in a byte, the lowest first.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
