import Credence

/// Pictures of digits, drawn by a small program: the strokes of a seven-segment display with slant, size, place and thickness of
/// their own, and a little noise. For trying out models of pictures where no data are at hand.
enum SyntheticDigits {
  /// Pixels of a row and of a column on which strokes are laid out.
  private static let grid = 28

  /// Ends of the seven strokes in units of the digit's width and height: top, upper left, upper right, middle, lower left, lower right,
  /// bottom.
  private static let strokes: [(x0: Double, y0: Double, x1: Double, y1: Double)] = [
    (0, 0, 1, 0), (0, 0, 0, 0.5), (1, 0, 1, 0.5), (0, 0.5, 1, 0.5), (0, 0.5, 0, 1), (1, 0.5, 1, 1), (0, 1, 1, 1),
  ]
  /// The strokes of each digit.
  private static let digits: [[Int]] = [
    [0, 1, 2, 4, 5, 6], [2, 5], [0, 2, 3, 4, 6], [0, 2, 3, 5, 6], [1, 2, 3, 5], [0, 1, 3, 5, 6], [0, 1, 3, 4, 5, 6], [0, 2, 5],
    [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 5, 6],
  ]

  /// [count, side²], 0 or 1; picture k shows digit k mod 10. Equal seed, side and number, equal picture.
  static func images(count: Int, side: Int = 28, seed: UInt64) -> Tensor {
    var pixels: [Double] = []
    pixels.reserveCapacity(count * side * side)
    for picture in 0..<count { pixels += image(of: picture % 10, side, number: picture, seed: seed) }
    return Tensor(pixels, shape: [count, side * side])
  }

  private static func image(of digit: Int, _ side: Int, number: Int, seed: UInt64) -> [Double] {
    var stream = MixedNumbers(state: seed &* 0x2545_F491_4F6C_DD1D ^ UInt64(number) &* 0xD134_2543_DE82_EF95)
    let width = 9 + 3 * stream.nextUniform()
    let height = 17 + 3 * stream.nextUniform()
    let slant = 0.25 * (stream.nextUniform() - 0.3)
    let thickness = 1.2 + 0.8 * stream.nextUniform()
    let left = (Double(grid) - width) / 2 + 3 * (stream.nextUniform() - 0.5)
    let top = (Double(grid) - height) / 2 + 3 * (stream.nextUniform() - 0.5)
    var pixels: [Double] = []
    // The middle of a pixel on the grid.
    let pitch = Double(grid) / Double(side)
    for row in 0..<side {
      for column in 0..<side {
        // The point in units of the digit, upright.
        let y = (pitch * (Double(row) + 0.5) - 0.5 - top) / height
        let x = (pitch * (Double(column) + 0.5) - 0.5 - left) / width + slant * (y - 0.5) * height / width
        let distance = digits[digit].map { Self.distance(x, y, strokes[$0], width, height) }.min() ?? .infinity
        let isFlipped = stream.nextUniform() < 0.01
        pixels.append((distance < thickness) != isFlipped ? 1 : 0)
      }
    }
    return pixels
  }

  /// From a point to a stroke, in pixels.
  private static func distance(
    _ x: Double, _ y: Double, _ stroke: (x0: Double, y0: Double, x1: Double, y1: Double), _ width: Double, _ height: Double
  ) -> Double {
    let nearX = min(max(x, min(stroke.x0, stroke.x1)), max(stroke.x0, stroke.x1))
    let nearY = min(max(y, min(stroke.y0, stroke.y1)), max(stroke.y0, stroke.y1))
    let (dx, dy) = ((x - nearX) * width, (y - nearY) * height)
    return (dx * dx + dy * dy).squareRoot()
  }
}

/// Uniform numbers in [0, 1) from a mixed counter (SplitMix64: Steele, Lea and Flood 2014). The engine's own streams are not for models.
private struct MixedNumbers {
  var state: UInt64

  mutating func nextUniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}
