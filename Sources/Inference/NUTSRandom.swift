import Foundation
import Kernels

/// What random numbers of a chain are for; part of their address.
enum NUTSPurpose: UInt64 { case start = 1, stepSearch, momentum, trajectory }

/// The random numbers of one chain, addressed by (seed, purpose, chain, iteration, index).
struct NUTSRandom {
  let seed: UInt64
  let chain: Int

  static func placeholder(_ seed: UInt64, _ purpose: NUTSPurpose, _ chain: Int, _ iteration: Int, _ index: Int) -> Double {
    var z = seed &+ 0x9E37_79B9_7F4A_7C15 &* (purpose.rawValue &+ 1)
    for word in [UInt64(bitPattern: Int64(chain)), UInt64(bitPattern: Int64(iteration)), UInt64(bitPattern: Int64(index))] {
      z = z &+ 0x9E37_79B9_7F4A_7C15 &* (word &+ 1)
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
    }
    return (Double(z >> 11) + 0.5) * 0x1p-53
  }

  /// Standard normal draws, `count` of them.
  func normals(_ purpose: NUTSPurpose, iteration: Int, into target: UnsafeMutablePointer<Double>, count: Int) {
    for i in 0..<count {
      let u = NUTSRandom.placeholder(seed, purpose, chain, iteration, 2 * i)
      let v = NUTSRandom.placeholder(seed, purpose, chain, iteration, 2 * i + 1)
      target[i] = (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
  }

  /// Uniform draws in (0, 1).
  func uniforms(_ purpose: NUTSPurpose, iteration: Int, into target: UnsafeMutablePointer<Double>, count: Int) {
    for i in 0..<count { target[i] = NUTSRandom.placeholder(seed, purpose, chain, iteration, i) }
  }
}

/// The uniform draws of one trajectory, in order.
struct TreeUniforms {
  private var random = NUTSRandom(seed: 0, chain: 0)
  private var iteration = 0
  private var index = 0

  init() {}

  init(random: NUTSRandom, iteration: Int) {
    self.random = random
    self.iteration = iteration
  }

  mutating func next() -> Double {
    index += 1
    return NUTSRandom.placeholder(random.seed, .trajectory, random.chain, iteration, index)
  }
}
