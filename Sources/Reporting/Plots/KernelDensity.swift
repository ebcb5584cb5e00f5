import Foundation

/// A density estimate of draws on a grid: counts in 512 bins, smoothed by a normal kernel.
///
/// Bandwidth 0.9 min(sd, IQR/1.34) S^(−1/5) (Silverman 1986, equation 3.31). At the least and the largest draw the density is reflected, so that it
/// does not leak over a boundary of the support. Draws that are not finite are left out.
struct KernelDensity {
  /// Rising, evenly spaced.
  var places: [Double] = []
  var heights: [Double] = []

  var points: [(x: Double, y: Double)] { zip(places, heights).map { ($0, $1) } }

  /// Empty where there are fewer than two different draws. At most `count` points.
  init(_ draws: [Double], count: Int = 128) {
    let sorted = draws.filter(\.isFinite).sorted()
    guard let least = sorted.first, let largest = sorted.last else { return }
    let width = largest - least
    guard width.isFinite, width > max(1e-11 * max(abs(least), abs(largest)), 1e-280) else { return }
    let bins = 512
    var counts = [Double](repeating: 0, count: bins)
    var sum = 0.0
    var squares = 0.0
    for draw in sorted {
      let part = (draw - least) / width
      counts[min(Int(part * Double(bins)), bins - 1)] += 1
      sum += part
      squares += part * part
    }
    let n = Double(sorted.count)
    let sd = max(squares / n - (sum / n) * (sum / n), 0).squareRoot()
    let quartiles = (sorted[Int(0.75 * (n - 1))] - sorted[Int(0.25 * (n - 1))]) / width
    let spread = quartiles > 0 ? min(sd, quartiles / 1.34) : sd
    // In parts of the width; never below one bin.
    let bandwidth = max(0.9 * spread * pow(n, -0.2), 1 / Double(bins))
    let reach = min(Int((4 * bandwidth * Double(bins)).rounded(.up)), bins)
    let kernel = (0...reach).map { exp(-0.5 * pow(Double($0) / (bandwidth * Double(bins)), 2)) }
    let total = (kernel[0] + 2 * kernel.dropFirst().reduce(0, +)) * n * width / Double(bins)
    var smooth = [Double](repeating: 0, count: bins)
    for (bin, own) in counts.enumerated() where own > 0 {
      for offset in -reach...reach {
        // Reflected at both ends.
        var place = bin + offset
        if place < 0 { place = -1 - place }
        if place >= bins { place = 2 * bins - 1 - place }
        if smooth.indices.contains(place) { smooth[place] += own * kernel[abs(offset)] }
      }
    }
    let step = max(1, bins / count)
    for bin in stride(from: 0, to: bins, by: step) {
      places.append(least + (Double(bin) + 0.5) / Double(bins) * width)
      heights.append(smooth[bin] / total)
    }
  }
}
