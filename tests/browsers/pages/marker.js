// A frame's number, as a picture that survives a lossy codec.
//
// Owns: the layout of the black and white cells, their drawing and their reading. Never does: keep a
// clock or touch a connection. Used by the publisher's page, by the player's page and by its own test
// in Node, so it names neither `document` nor `window`.

/** What one picture says: which source drew it, its number, and when (milliseconds, modulo 2^20). */
// 8 × 8 cells: 8 bits of source, 24 of counter, 20 of time, 12 of checksum.
const SOURCE_BITS = 8;
const COUNTER_BITS = 24;
const TIME_BITS = 20;
const CHECKSUM_BITS = 12;
const COLUMNS = 8;
const ROWS = 8;

/** The ninth row carries a moving block: it makes every frame differ, and a person sees it move. */
const ALL_ROWS = ROWS + 1;

/** Time wraps after about 17 minutes, far longer than any test. */
export const TIME_WRAP_MS = 2 ** TIME_BITS;

/** 0 of 255 is black and 255 is white; between these two a cell is grey, and the picture unreadable. */
const DARKEST_WHITE = 160;
const LIGHTEST_BLACK = 96;

/** The 64 bits of a frame, most significant first. */
export function toBits({ source, counter, time }) {
  const bits = [
    ...bitsOf(source, SOURCE_BITS),
    ...bitsOf(counter, COUNTER_BITS),
    ...bitsOf(time % TIME_WRAP_MS, TIME_BITS),
  ];
  return [...bits, ...bitsOf(checksum(bits), CHECKSUM_BITS)];
}

/** The frame that these bits name, or null if the checksum does not match. */
export function fromBits(bits) {
  const body = bits.slice(0, -CHECKSUM_BITS);
  if (numberOf(bits.slice(-CHECKSUM_BITS)) !== checksum(body)) return null;
  return {
    source: numberOf(body.slice(0, SOURCE_BITS)),
    counter: numberOf(body.slice(SOURCE_BITS, SOURCE_BITS + COUNTER_BITS)),
    time: numberOf(body.slice(SOURCE_BITS + COUNTER_BITS)),
  };
}

/** Draws a frame over the whole canvas. */
export function draw(context, frame) {
  const { width, height } = context.canvas;
  toBits(frame).forEach((bit, index) => {
    context.fillStyle = bit ? '#fff' : '#000';
    context.fillRect(...cell(index, width, height));
  });
  drawMotion(context, frame.counter);
}

/** Reads a frame from the pixels of a canvas, or null if there is none that can be read. */
export function read({ width, height, data }) {
  const bits = [];
  for (let index = 0; index < COLUMNS * ROWS; index += 1) {
    const grey = meanGrey(data, width, middleOf(cell(index, width, height)));
    if (grey > LIGHTEST_BLACK && grey < DARKEST_WHITE) return null;
    bits.push(grey >= DARKEST_WHITE ? 1 : 0);
  }
  return fromBits(bits);
}

/** The ninth row, as [left, top, width, height]: no bit is read from it. */
export function motionArea({ width, height }) {
  const top = Math.floor((height * ROWS) / ALL_ROWS);
  return [0, top, width, height - top];
}

function drawMotion(context, counter) {
  const [left, top, width, height] = motionArea(context.canvas);
  const blockWidth = width / COLUMNS;
  context.fillStyle = '#246';
  context.fillRect(left, top, width, height);
  context.fillStyle = '#fa3';
  context.fillRect(((counter * 4) % (width + blockWidth)) - blockWidth, top, blockWidth, height);
}

/** [left, top, width, height] in whole pixels: neighbours share an edge, whatever the size. */
function cell(index, width, height) {
  const column = index % COLUMNS;
  const row = Math.floor(index / COLUMNS);
  const left = Math.floor((column * width) / COLUMNS);
  const top = Math.floor((row * height) / ALL_ROWS);
  const right = Math.floor(((column + 1) * width) / COLUMNS);
  const bottom = Math.floor(((row + 1) * height) / ALL_ROWS);
  return [left, top, right - left, bottom - top];
}

/** The middle half of a cell: its edges blur into the neighbours. */
function middleOf([left, top, width, height]) {
  return [left + (width >> 2), top + (height >> 2), Math.max(1, width >> 1), Math.max(1, height >> 1)];
}

/** Green stands for grey here: the cells have no colour, and one channel is a third of the work. */
function meanGrey(data, stride, [left, top, width, height]) {
  let sum = 0;
  for (let y = top; y < top + height; y += 1) {
    for (let x = left; x < left + width; x += 1) sum += data[(y * stride + x) * 4 + 1];
  }
  return sum / (width * height);
}

function bitsOf(number, count) {
  return Array.from({ length: count }, (_, index) => Math.floor(number / 2 ** (count - 1 - index)) % 2);
}

function numberOf(bits) {
  return bits.reduce((number, bit) => number * 2 + bit, 0);
}

/** CRC-12 of 3GPP TS 25.212 §4.2.1.1, preset to ones: an all-black picture then does not pass. */
function checksum(bits) {
  const TOP = 1 << (CHECKSUM_BITS - 1);
  const MASK = (1 << CHECKSUM_BITS) - 1;
  return bits.reduce((crc, bit) => {
    const carry = ((crc & TOP) !== 0) !== (bit === 1);
    return ((crc << 1) & MASK) ^ (carry ? 0x80f : 0);
  }, MASK);
}
