/// Summaries of all variables, on several threads.
enum FitSummary {
  /// What `Summary.summarize` gives, whatever the number of threads.
  static func summarize(_ draws: DrawSet, threads: Int) throws -> [VariableSummary] {
    let elements = draws.variables.reduce(0) { $0 + $1.size }
    // A thread is worth its start from some hundred thousand numbers on.
    guard threads > 1, elements * draws.chains * draws.drawsPerChain > 1 << 17 else { return Summary.summarize(draws) }
    let share = (elements + threads - 1) / threads
    var parts: [DrawSet] = []
    var size = share
    for variable in draws.variables {
      if size >= share {
        parts.append(DrawSet(chains: draws.chains, drawsPerChain: draws.drawsPerChain, variables: [], sampleStats: [:]))
        size = 0
      }
      parts[parts.count - 1].variables.append(variable)
      size += variable.size
    }
    return try Parallel.map(parts, threads: threads) { Summary.summarize($0) }.flatMap { $0 }
  }
}
