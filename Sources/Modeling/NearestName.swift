/// Which legal name somebody probably meant.
package enum NearestName {
  /// The candidate with the smallest edit distance (insertions, deletions, substitutions and swaps of neighbours count one each; case does not
  /// count), if it is near enough to be worth suggesting: at most one edit in four letters. Among equals the first wins.
  package static func find(_ name: String, among candidates: [String]) -> String? {
    let written = Array(name.lowercased())
    let limit = (written.count + 3) / 4
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let legal = Array(candidate.lowercased())
      var distance = editDistance(written, legal)
      // `eight` for `eight-schools`: a beginning that is not too short is near, whatever is left out.
      if written.count >= 3, legal.starts(with: written) { distance = min(distance, 1) }
      guard distance <= limit, distance < max(written.count, legal.count) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.name
  }

  /// Optimal string alignment distance (Damerau 1964, restricted), in O(nm) steps.
  static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in 0..<left.count {
      var row = [i + 1]
      for j in 0..<right.count {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[right.count]
  }
}
