/// What a number in a result is.
package enum VariableKind: String, Codable, Sendable { case latent, output, predictive }

/// The draws of one variable on its constrained scale.
package struct VariableDraws: Sendable, Codable {
  package var name: String
  package var kind: VariableKind
  /// The shape of one draw; [] for a scalar.
  package var shape: [Int]
  /// values[chain][draw · size + element], elements row-major.
  package var values: [[Double]]

  package init(name: String, kind: VariableKind, shape: [Int], values: [[Double]]) {
    self.name = name
    self.kind = kind
    self.shape = shape
    self.values = values
  }

  package var size: Int { shape.reduce(1, *) }
}

/// Draws of all variables of a fit, and the sampler's own statistics: the common coin of summaries, exports and diagnostics.
package struct DrawSet: Sendable, Codable {
  package var chains: Int
  package var drawsPerChain: Int
  package var variables: [VariableDraws]
  /// Per-draw statistics under ArviZ's names: lp, acceptance_rate, step_size, tree_depth, n_steps, diverging, energy; [name][chain][draw]. Draws of a
  /// guide have log_q, its log density where lp is that of the posterior.
  package var sampleStats: [String: [[Double]]]

  package init(chains: Int, drawsPerChain: Int, variables: [VariableDraws], sampleStats: [String: [[Double]]]) {
    self.chains = chains
    self.drawsPerChain = drawsPerChain
    self.variables = variables
    self.sampleStats = sampleStats
  }

  /// log p − log q of every draw up to a constant, chain after chain: what turns draws of an approximation q into draws of the posterior p. Nil for draws
  /// that stand for the posterior as they are.
  ///
  /// CmdStan's Laplace approximation has log_p in place of lp.
  package var logRatios: [Double]? {
    guard let logQ = sampleStats["log_q"], let logP = sampleStats["log_p"] ?? sampleStats["lp"] else { return nil }
    let ratios = zip(logP.joined(), logQ.joined()).map { $0 - $1 }
    return ratios.count == chains * drawsPerChain ? ratios : nil
  }
}
