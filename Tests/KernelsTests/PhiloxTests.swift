import Kernels
import Testing

/// The generator against its published answers, and the addresses against their promises.
struct PhiloxTests {
  /// Random123 1.14, tests/kat_vectors, philox4x32 with 10 rounds.
  static let known: [(Philox.Block, Philox.Key, Philox.Block)] = [
    ((0, 0, 0, 0), (0, 0), (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    (
      (0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff), (0xffff_ffff, 0xffff_ffff), (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0), (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ]

  @Test func knownAnswers() {
    for (counter, key, expected) in Self.known { #expect(Philox.block(key: key, counter: counter) == expected) }
  }

  @Test func uniformsAreOpenAtBothEndsAndSymmetric() {
    #expect(Philox.uniform(low: 0, high: 0) == 0x1p-53)
    #expect(Philox.uniform(low: .max, high: .max) == 1 - 0x1p-53)
    #expect(Philox.uniform(low: 0, high: 0x8000_0000) == 0.5 + 0x1p-53)
    // The complement of the words gives the complement of the number.
    #expect(Philox.uniform(low: 0x1234_5678, high: 0x9abc_def0) == 1 - Philox.uniform(low: ~0x1234_5678, high: ~0x9abc_def0))
  }

  private func numbers(_ address: RandomAddress, _ count: Int) -> [UInt64] {
    var stream = RandomStream(at: address)
    return (0..<count).map { _ in stream.nextBits() }
  }

  @Test func everyFieldOfAnAddressCounts() {
    let base = RandomAddress(seed: 7, purpose: 1, chain: 2, step: 3, site: 4, element: 5)
    var addresses = [base]
    for bit in 0..<64 {
      var other = base
      other.seed ^= 1 << UInt64(bit)
      addresses.append(other)
      other = base
      other.step ^= 1 << UInt64(bit)
      addresses.append(other)
    }
    for bit in 0..<32 {
      let mask = UInt32(1) << UInt32(bit)
      for field in [\RandomAddress.purpose, \.chain, \.site, \.element] {
        var other = base
        other[keyPath: field] ^= mask
        addresses.append(other)
      }
    }
    let first = addresses.map { numbers($0, 1)[0] }
    // 257 words of 64 bits: two equal by chance with probability 2e-15.
    #expect(Set(first).count == addresses.count)
    #expect(numbers(base, 3) == numbers(base, 3))
  }

  @Test func aLongStreamDoesNotRepeat() {
    // Beyond 4095 blocks of two numbers the key changes.
    let all = numbers(RandomAddress(seed: 1, purpose: 1), 20_000)
    #expect(Set(all).count == all.count)
  }

  @Test func copiesOfAStreamContinueAlike() {
    var one = RandomStream(at: RandomAddress(seed: 3, purpose: 4))
    _ = one.nextNormal()
    var two = one
    for _ in 0..<10 { #expect(one.nextGamma(shape: 0.7) == two.nextGamma(shape: 0.7)) }
  }

  typealias Fill = @Sendable (Int, Int, UnsafePointer<UInt32>, RandomAddress, UnsafeMutablePointer<Double>) -> Void
  static let fills: [(String, Fill)] = [
    ("uniforms", { RandomFill.uniforms(count: $0, lanes: $1, chains: $2, at: $3, $4) }),
    ("normals", { RandomFill.normals(count: $0, lanes: $1, chains: $2, at: $3, $4) }),
    ("exponentials", { RandomFill.exponentials(count: $0, lanes: $1, chains: $2, at: $3, $4) }),
    ("gumbels", { RandomFill.gumbels(count: $0, lanes: $1, chains: $2, at: $3, $4) }),
    ("logistics", { RandomFill.logistics(count: $0, lanes: $1, chains: $2, at: $3, $4) }),
  ]

  @Test(arguments: [0, 1, 2, 5, 16, 17, 100, 300])
  func aLaneHasTheNumbersOfItsChainAloneAndAPartThoseOfTheWhole(count: Int) {
    let chains: [UInt32] = [4, 0, 17, 3, 1_000_000, 5, .max, 2]
    for (name, fill) in Self.fills {
      var whole = [[Double]](repeating: [], count: 8)
      for lane in 0..<8 {
        let out = Grid(1, count)
        fill(count, 1, [chains[lane]], RandomAddress(seed: 9, purpose: 8, step: 7, site: 6), out.pointer)
        #expect(out.gapsAreUntouched)
        whole[lane] = (0..<count).map { out[0, $0] }
      }
      for lanes in [1, 2, 4, 8] {
        for first in [0, 1, 2, 7] where first <= count {
          let out = Grid(1, (count - first) * lanes)
          fill(
            count - first, lanes, chains, RandomAddress(seed: 9, purpose: 8, step: 7, site: 6, element: UInt32(first)), out.pointer)
          let same = (first..<count).allSatisfy { i in
            (0..<lanes).allSatisfy { out[0, (i - first) * lanes + $0].bitPattern == whole[$0][i].bitPattern }
          }
          #expect(same, "\(name): \(count) elements from \(first), \(lanes) lanes")
          #expect(out.gapsAreUntouched)
        }
      }
    }
  }

  @Test func bulkUniformsAreThoseOfTheScalarGenerator() {
    // The layout that `RandomAddress` documents: block 4095, two elements a counter; seed and purpose 0 enter by the key alone.
    let uniforms = Grid(1, 50)
    let normals = Grid(1, 50)
    let address = RandomAddress(seed: 11, purpose: 12, step: 13, site: 14)
    RandomFill.uniforms(count: 50, lanes: 1, chains: [15], at: address, uniforms.pointer)
    RandomFill.normals(count: 50, lanes: 1, chains: [15], at: address, normals.pointer)
    for pair in 0..<25 {
      let (u, v) = (uniforms[0, 2 * pair], uniforms[0, 2 * pair + 1])
      let radius = normals[0, 2 * pair] * normals[0, 2 * pair] + normals[0, 2 * pair + 1] * normals[0, 2 * pair + 1]
      // exp(−r²/2) gives u back; the angle gives v.
      #expect(abs(SIMDMath.exp(Vector8(repeating: -0.5 * radius))[0] - u) <= 1e-14)
      let cosine = SIMDMath.cos(Vector8(repeating: 2 * .pi * v))[0]
      #expect(abs(normals[0, 2 * pair] - radius.squareRoot() * cosine) <= 1e-14)
    }
  }
}
