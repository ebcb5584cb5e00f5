import Differentiation
import Kernels

/// Small numbers to begin with, addressed by a seed and a name.
enum StartingValues {
  private static let purpose: UInt32 = 0x464C

  /// Independent N(0, scale²), row-major.
  static func normal(_ shape: [Int], scale: Double, name: String, seed: UInt64) -> Tensor {
    // FNV-1a of the name, so that parameters of one seed differ.
    let site = name.utf8.reduce(2_166_136_261 as UInt32) { ($0 ^ UInt32($1)) &* 16_777_619 }
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: purpose, site: site))
    return Tensor((0..<shape.reduce(1, *)).map { _ in scale * stream.nextNormal() }, shape: shape)
  }
}
