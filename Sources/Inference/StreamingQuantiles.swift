import Foundation

/// A sketch of a distribution in constant memory: sorted centroids with weights, finer towards the ends (the merging t-digest of Dunning and Ertl, 2019).
///
/// A centroid may span Δk = 1 of the scale k(q) = δ/2π · asin(2q − 1), δ = 400, so that it covers at most π√(q(1 − q))/δ of the ranks (0.4 % in the middle); a quantile between
/// two of them is interpolated, and off by about half of that in rank at most. Equal blocks in equal order give equal bits.
package struct QuantileDigest: Sendable, Codable, Equatable {
  private static let compression = 400.0

  private var means: [Double] = []
  private var weights: [Double] = []
  private var least = Double.infinity
  private var greatest = -Double.infinity
  private var total = 0.0

  package init() {}

  var isSound: Bool {
    means.count == weights.count && weights.allSatisfy { $0 > 0 && $0.isFinite } && means.allSatisfy(\.isFinite) && total >= 0
      && total <= 0x1p53
  }

  package var count: Int { Int(total) }
  var isConstant: Bool { !(least < greatest) }
  package var centroids: Int { means.count }

  /// Takes in values that are sorted and finite.
  package mutating func add(_ values: [Double]) {
    guard let first = values.first, let last = values.last else { return }
    least = min(least, first)
    greatest = max(greatest, last)
    total += Double(values.count)
    var (newMeans, newWeights): ([Double], [Double]) = ([], [])
    newMeans.reserveCapacity(Int(Self.compression) + 8)
    newWeights.reserveCapacity(Int(Self.compression) + 8)
    var (i, j) = (0, 0)
    var mean = 0.0
    var weight = 0.0
    var before = 0.0
    var limit = 0.0
    while i < means.count || j < values.count {
      let takesOld = i < means.count && (j == values.count || means[i] <= values[j])
      let (next, share) = takesOld ? (means[i], weights[i]) : (values[j], 1)
      if takesOld { i += 1 } else { j += 1 }
      if weight > 0, before + weight + share <= limit {
        weight += share
        mean += (next - mean) * share / weight
        continue
      }
      if weight > 0 {
        newMeans.append(mean)
        newWeights.append(weight)
        before += weight
      }
      (mean, weight) = (next, share)
      limit = total * Self.end(before / total)
    }
    newMeans.append(mean)
    newWeights.append(weight)
    (means, weights) = (newMeans, newWeights)
  }

  /// The rank, in [0, 1], at which a centroid that begins at q must end.
  private static func end(_ q: Double) -> Double {
    let k = compression / (2 * .pi) * asin(2 * min(max(q, 0), 1) - 1) + 1
    let angle = k * 2 * .pi / compression
    return angle >= .pi / 2 ? 1 : (sin(angle) + 1) / 2
  }

  /// The value below which a share `probability` of the ranks lies, interpolated between the middles of centroids; NaN without values.
  package func quantile(_ probability: Double) -> Double {
    guard let first = means.first, let last = means.last else { return .nan }
    let wanted = probability * total
    var before = 0.0
    var (lastPlace, lastMean) = (0.0, least)
    for (mean, weight) in zip(means, weights) {
      let place = before + weight / 2
      if wanted < place { return Self.between(lastPlace, lastMean, place, mean, wanted) }
      (lastPlace, lastMean) = (place, mean)
      before += weight
    }
    return first == last && isConstant ? last : Self.between(lastPlace, lastMean, total, greatest, wanted)
  }

  private static func between(_ a: Double, _ x: Double, _ b: Double, _ y: Double, _ place: Double) -> Double {
    b > a ? x + (y - x) * min(max((place - a) / (b - a), 0), 1) : y
  }
}
