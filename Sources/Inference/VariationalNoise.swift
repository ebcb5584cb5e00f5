import Kernels

/// What draws where in variational inference and mode search; a purpose of ``RandomAddress`` each.
enum VariationalPurpose {
  static let start: UInt32 = 0x5649_0001
  static let steps: UInt32 = 0x5649_0002
  static let evaluation: UInt32 = 0x5649_0003
  static let search: UInt32 = 0x5649_0004
  static let draws: UInt32 = 0x5649_0005
  static let resampling: UInt32 = 0x5649_0006
  static let scan: UInt32 = 0x5649_0007
  static let probe: UInt32 = 0x5649_0008
  /// Keeps the noise of hot chains apart from that of the others.
  static let hotSeed: UInt64 = 0x5649_0009
}

/// The standard normal noise behind the samples of one step, each number addressed by (seed, purpose, start and sample, step, element).
///
/// Samples come in groups whose members share magnitudes and differ in signs: sample r of a group of G has ε_i = (−1)^⟨r, c_i⟩ z_i with
/// z ~ N(0, I), where ⟨r, c⟩ counts the common bits and c_i = G/2 + (i mod G/2). Every sample by itself is N(0, I), so estimates stay
/// unbiased; within a group the signs are rows of a Hadamard matrix: Σ_r ε_r = 0 and Σ_r ε_ri ε_rj = 0 for columns c_i ≠ c_j, which
/// removes the noise that the off-diagonal part of a quadratic makes. G = 2 is antithetic sampling, G = 1 plain sampling.
final class GuideNoise {
  let dimension: Int
  let samples: Int
  var blocks: Int { (samples + 7) / 8 }
  /// [block][dimension][8]; zero in lanes beyond the number of samples.
  let rows: LaneRows
  private let groupSize: Int
  private var address: RandomAddress
  private let chainBase: UInt32
  private let scratch: Storage
  private var chains: [UInt32]
  /// signs[dimension mod G/2][G/8 blocks]: ±1 per lane.
  private var signs: [Vector8] = []

  /// - Parameters:
  ///   - samples: 1, 2, 4, 8 or a multiple of 16, which `roundedUp` makes of any number.
  ///   - groupSize: 1, 2, or a power of two of at least 8 that divides `samples`.
  init(seed: UInt64, purpose: UInt32, start: Int, dimension: Int, samples: Int, groupSize: Int) {
    self.dimension = dimension
    self.samples = samples
    self.groupSize = groupSize
    rows = LaneRows((samples + 7) / 8 * dimension)
    scratch = Storage(8 * dimension)
    chains = [UInt32](repeating: 0, count: 8)
    chainBase = UInt32(truncatingIfNeeded: start) << 20
    address = RandomAddress(seed: seed, purpose: purpose)
    if groupSize >= 8 {
      for column in 0..<(groupSize / 2) {
        for b in 0..<(groupSize / 8) {
          var v = Vector8(repeating: 1)
          for lane in 0..<8 where ((8 * b + lane) & (groupSize / 2 + column)).nonzeroBitCount % 2 == 1 { v[lane] = -1 }
          signs.append(v)
        }
      }
    }
  }

  static func roundedUp(_ samples: Int) -> Int {
    if samples <= 1 { return 1 }
    if samples <= 8 { return samples <= 2 ? 2 : samples <= 4 ? 4 : 8 }
    return (samples + 15) / 16 * 16
  }

  func fill(step: Int) {
    address.step = UInt64(step)
    if samples == 1 {
      fillSingle()
    } else if groupSize >= 8 {
      fillHadamard()
    } else {
      fillPlain()
    }
  }

  private func fillSingle() {
    chains[0] = chainBase
    RandomFill.normals(count: dimension, lanes: 1, chains: chains, at: address, scratch.base)
    for i in 0..<dimension { rows.base[i] = Vector8(scratch.base[i], 0, 0, 0, 0, 0, 0, 0) }
  }

  private func fillHadamard() {
    for group in 0..<(samples / groupSize) {
      chains[0] = chainBase + UInt32(group)
      RandomFill.normals(count: dimension, lanes: 1, chains: chains, at: address, scratch.base)
      let width = groupSize / 8
      for b in 0..<width {
        let target = rows.base + (group * width + b) * dimension
        for i in 0..<dimension {
          target[i] = scratch.base[i] * signs[(i & (groupSize / 2 - 1)) * width + b]
        }
      }
    }
  }

  /// Independent samples, or independent samples in the first half and their negatives in the second.
  private func fillPlain() {
    let distinct = samples / groupSize
    for b in 0..<((distinct + 7) / 8) {
      for lane in 0..<8 { chains[lane] = chainBase + UInt32(8 * b + lane) }
      let target = rows.base + b * dimension
      RandomFill.normals(
        count: dimension, lanes: 8, chains: chains, at: address, UnsafeMutableRawPointer(target).assumingMemoryBound(to: Double.self))
    }
    if distinct < 8 {
      for i in 0..<dimension {
        for lane in distinct..<8 {
          rows.base[i][lane] = lane < samples && groupSize == 2 ? -rows.base[i][lane - distinct] : 0
        }
      }
    } else if groupSize == 2 {
      let half = distinct / 8 * dimension
      for k in 0..<half { rows.base[half + k] = -rows.base[k] }
    }
  }
}
