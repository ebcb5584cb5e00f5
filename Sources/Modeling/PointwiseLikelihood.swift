import Differentiation

/// The log likelihood of an observed site, element by element: log p(y_i | latent variables).
package struct LikelihoodTarget: Sendable {
  package let name: String
  /// [plates…, steps of a sequence, batch axes of the distribution…]. A vector that is one event of its distribution is one point.
  package let value: Tensor
  /// The data themselves with their shape, axes of events last; nil for a factor, which has none, and where they are not known beforehand.
  package let observed: (shape: [Int], values: [Double])?
  package var shape: [Int] { value.shape }
}

extension RecordedModel {
  /// The log likelihood of every observed site of a recording for ``Simulation/Purpose/likelihood``, and a sentence on each that has none.
  ///
  /// Sites that are summed out are summed out of each element by itself: log p(y_i) = log Σ_z p(z) p(y_i | z), where nothing but y_i depends on
  /// that element's z. A factor inside plates counts where the model has no observed site: then there is nothing else that its data could be in.
  package func likelihoodTargets() -> (targets: [LikelihoodTarget], omitted: [String]) {
    var targets: [LikelihoodTarget] = []
    var omitted: [String] = []
    let observed = sites.filter { $0.role == .observed }
    let factors = sites.filter { $0.role == .factor }
    for site in observed.isEmpty ? factors : observed {
      if site.role == .factor, site.outsideShape.isEmpty {
        omitted.append("\(site.name) is one number for all data, and no sum of terms for single data: it has no pointwise log likelihood.")
        continue
      }
      switch pointwise(site) {
      case .success(let value): targets.append(LikelihoodTarget(name: site.name, value: value, observed: site.data))
      case .failure(let reason): omitted.append("\(site.name) has no pointwise log likelihood: \(reason.sentence).")
      }
    }
    if !observed.isEmpty, !factors.isEmpty {
      let names = factors.map(\.name).joined(separator: ", ")
      omitted.append("What \(names) \(factors.count == 1 ? "adds" : "add") to the log density is no part of the log likelihood.")
    }
    if observed.isEmpty, factors.isEmpty { omitted.append("The model has no observed site: there is no log likelihood.") }
    return (targets, omitted)
  }

  private struct Reason: Error { let sentence: String }

  private func pointwise(_ site: Site) -> Result<Tensor, Reason> {
    if let own = site.pointwise { return .success(site.outside(own)) }
    guard !site.tables.isEmpty else { return .failure(Reason(sentence: "its elements are not known one by one")) }
    if let name = site.sequence {
      return .failure(Reason(sentence: "its elements depend on each other through what is summed out along the sequence \"\(name)\""))
    }
    let home = Set(site.axes.map(\.id))
    var axes = hiddenAxes(site)
    var together = [site]
    // Everything that hangs together with the element through what is summed out.
    while let next = sites.first(where: { other in
      !together.contains { $0.name == other.name } && !axes.isDisjoint(with: hiddenAxes(other))
    }) {
      together.append(next)
      axes.formUnion(hiddenAxes(next))
    }
    let owned = Set(together.flatMap(\.hidden).map(\.axis))
    for axis in PlateAxis.ordered(axes) {
      guard owned.contains(axis), axis.home == home else {
        return .failure(
          Reason(sentence: "its elements share the site \"\(axis.name)\", which is summed out, and depend on each other through it"))
      }
    }
    if let other = together.first(where: { !$0.isSummedOut && $0.name != site.name }) {
      return .failure(Reason(sentence: "it depends on \"\(other.name)\" through sites that are summed out"))
    }
    do {
      var elimination = FactorElimination()
      let tables = together.flatMap(\.tables)
      let left = try elimination.eliminate(PlateAxis.ordered(axes), from: tables)
      return .success(site.outside(try elimination.joined(left)))
    } catch let error as EliminationError {
      return .failure(Reason(sentence: error.sentence))
    } catch {
      return .failure(Reason(sentence: "\(error)"))
    }
  }

  private func hiddenAxes(_ site: Site) -> Set<PlateAxis> { Set(site.tables.flatMap(\.plates).filter(\.isHidden)) }

  /// log p of each latent site by itself, shape [] each: the prior, site by site.
  package var priorTargets: [(name: String, value: Node)] {
    sites.compactMap { site in site.role == .latent ? site.logDensity.map { (site.name, $0) } : nil }
  }
}

extension Site {
  /// The values of an observed site, where they do not depend on anything.
  fileprivate var data: (shape: [Int], values: [Double])? {
    guard role == .observed, !value.plates.contains(where: \.isHidden) else { return nil }
    let whole = outsideValue
    guard whole.node.isData, let values = try? Evaluation.values(of: [whole.node])[0] else { return nil }
    return (whole.shape, values)
  }
}
