import Foundation
import Inference

/// Draws of one chain as CmdStan writes them (CmdStan Guide, "Stan CSV file format"): comments with the settings, a line of names, a line per draw.
/// Elements of a variable are named `theta.1`, `theta.2.1`, counted from 1, the first index running fastest.
package enum DrawsCSV {
  /// CmdStan's name for each of ArviZ's statistics, in CmdStan's order of columns.
  static let columns: [(statistic: String, name: String)] = [
    ("lp", "lp__"), ("acceptance_rate", "accept_stat__"), ("step_size", "stepsize__"), ("tree_depth", "treedepth__"),
    ("n_steps", "n_leapfrog__"),
    ("diverging", "divergent__"), ("energy", "energy__"),
  ]

  package static func write(_ draws: DrawSet, chain: Int, _ document: ResultDocument, append: (Data) throws -> Void) throws {
    // Statistics of other systems keep their names.
    let others = draws.sampleStats.keys.filter { name in !columns.contains { $0.statistic == name } }.sorted().map {
      (statistic: $0, name: $0 + "__")
    }
    let statistics = (columns + others).compactMap { column in
      draws.sampleStats[column.statistic].flatMap { $0.indices.contains(chain) ? (column.name, $0[chain], column.statistic) : nil }
    }
    var text = header(draws, chain: chain, document)
    var names = statistics.map(\.0)
    let layouts = draws.variables.map { variable in (variable: variable, order: columnMajor(variable.shape)) }
    for (variable, order) in layouts {
      for element in order {
        let indices = Nesting.indices(element, shape: variable.shape)
        names.append(
          ([variable.name.replacing(".", with: ":")] + (variable.shape.isEmpty ? [] : indices.map { String($0 + 1) })).joined(
            separator: "."))
      }
    }
    text += names.joined(separator: ",") + "\n"
    let count = draws.variables.first.map { $0.values[chain].count / max($0.size, 1) } ?? 0
    for draw in 0..<count {
      var row: [String] = []
      row.reserveCapacity(names.count)
      for (_, values, statistic) in statistics {
        let value = draw < values.count ? values[draw] : .nan
        row.append(["tree_depth", "n_steps", "diverging"].contains(statistic) ? String(Int(exactly: value) ?? 0) : value.description)
      }
      for (variable, order) in layouts {
        let base = draw * variable.size
        for element in order { row.append(variable.values[chain][base + element].description) }
      }
      text += row.joined(separator: ",") + "\n"
      if text.utf8.count > 1 << 20 {
        try append(Data(text.utf8))
        text = ""
      }
    }
    let seconds = document.timing["total_seconds"]?.double ?? 0
    text += "# \n#  Elapsed Time: \(seconds) seconds (Total)\n# \n"
    try append(Data(text.utf8))
  }

  private static func header(_ draws: DrawSet, chain: Int, _ document: ResultDocument) -> String {
    func setting(_ key: String) -> String { document.method[key].map { $0.text ?? JSONWriter.line($0) } ?? "0" }
    return """
      # written by credence \(document.modelVersion) in the format of CmdStan
      # model = \(document.modelName)
      # method = \(DrawsOrigin.method(document))
      #     num_samples = \(DrawsOrigin.iterations(document, draws))
      #     num_warmup = \(setting("warmup"))
      #     save_warmup = 0
      #     thin = \(DrawsOrigin.thinning(document))
      # id = \(DrawsOrigin.chainNumbers(document, draws)[chain])
      # random
      #   seed = \(setting("seed"))
      \(DrawsOrigin.comments(document))
      """
  }

  /// Row-major offsets in the order in which the first index runs fastest.
  static func columnMajor(_ shape: [Int]) -> [Int] {
    let size = shape.reduce(1, *)
    guard shape.count > 1, size > 0 else { return Array(0..<size) }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return (0..<size).map { position in
      var rest = position
      var offset = 0
      for axis in shape.indices {
        offset += rest % shape[axis] * strides[axis]
        rest /= shape[axis]
      }
      return offset
    }
  }
}
