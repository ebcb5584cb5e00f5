import Foundation

/// The SHA-256 checksum of FIPS 180-4, by which a result names the data it came from. (Foundation has none on Linux.)
package enum SHA256 {
  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = primes(64).map { fraction(of: $0, root: 3) }
  /// The same of the square roots of the first 8 primes.
  private static let start: [UInt32] = primes(8).map { fraction(of: $0, root: 2) }

  private static func primes(_ count: Int) -> [UInt64] {
    var found: [UInt64] = []
    var candidate: UInt64 = 2
    while found.count < count {
      if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
      candidate += 1
    }
    return found
  }

  /// The first 32 bits of the fractional part of a root of a prime below 2^9: the largest r with r^k ≤ p·2^(32k), by bisection in exact integers.
  private static func fraction(of prime: UInt64, root: Int) -> UInt32 {
    // A root is below 23, so r is below 2^37 and its cube below 2^111.
    var low: UInt128 = 0
    var high: UInt128 = 1 << 37
    let target = UInt128(prime) << (32 * root)
    while high - low > 1 {
      let middle = (low + high) / 2
      let power = root == 2 ? middle * middle : middle * middle * middle
      if power <= target { low = middle } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }

  /// The checksum as 64 hexadecimal digits.
  package static func hexadecimal(_ data: Data) -> String {
    var state = start
    var schedule = [UInt32](repeating: 0, count: 64)
    let constants = Self.constants
    let tail = padding(data)
    data.withUnsafeBytes { bytes in
      for block in 0..<(bytes.count / 64) {
        absorb(UnsafeRawBufferPointer(rebasing: bytes[block * 64..<(block + 1) * 64]), &state, &schedule, constants)
      }
    }
    tail.withUnsafeBytes { bytes in
      for block in 0..<(bytes.count / 64) {
        absorb(UnsafeRawBufferPointer(rebasing: bytes[block * 64..<(block + 1) * 64]), &state, &schedule, constants)
      }
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// The last block or two: what is left of the message, a one bit, zeros, and the length in bits.
  private static func padding(_ data: Data) -> [UInt8] {
    var tail = [UInt8](data.suffix(data.count % 64))
    tail.append(0x80)
    while tail.count % 64 != 56 { tail.append(0) }
    let bits = UInt64(data.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    return tail
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

  private static func absorb(_ block: UnsafeRawBufferPointer, _ state: inout [UInt32], _ schedule: inout [UInt32], _ constants: [UInt32]) {
    for index in 0..<16 { schedule[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)) }
    for index in 16..<64 {
      let early = schedule[index - 15]
      let late = schedule[index - 2]
      let mixedEarly = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
      let mixedLate = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
      schedule[index] = schedule[index - 16] &+ mixedEarly &+ schedule[index - 7] &+ mixedLate
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let sumE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let first = h &+ sumE &+ (e & f ^ ~e & g) &+ constants[index] &+ schedule[index]
      let sumA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let second = sumA &+ (a & b ^ a & c ^ b & c)
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }
}
