import Foundation
import Inference

/// The groups beside the posterior in a file of draws: `log_likelihood`, `log_prior` and `posterior_predictive` as {name: [chain][draw]…},
/// `observed_data` as {name: […]}, which ArviZ's `from_dict` loads (a log prior goes in by `add_groups`).
extension DrawsJSON {
  ///
  /// - Parameter attributes: what is said of the whole, under the key `attrs`, which `from_dict` takes, too.
  package static func encode(_ draws: DrawSet, _ groups: DrawGroups, _ attributes: JSONObject = JSONObject()) -> Data {
    var object = object(draws)
    for (key, variables) in [
      ("log_likelihood", groups.logLikelihood), ("log_prior", groups.logPrior), ("posterior_predictive", groups.posteriorPredictive),
    ] where !variables.isEmpty {
      object[key] = .object(nested(variables))
    }
    if !groups.observedData.isEmpty {
      object["observed_data"] = .object(
        JSONObject(groups.observedData.map { ($0.name, Nesting.nest($0.values, shape: $0.shape)) }))
    }
    if !attributes.isEmpty { object["attrs"] = .object(attributes) }
    return Data((JSONWriter.line(.object(object)) + "\n").utf8)
  }

  /// {name: [chain][draw]…}.
  static func nested(_ variables: [VariableDraws]) -> JSONObject {
    JSONObject(
      variables.map { variable in
        (
          variable.name,
          .array(variable.values.map { chain in Nesting.nest(chain, shape: [chain.count / max(variable.size, 1)] + variable.shape) })
        )
      })
  }

  /// Reads the groups. Throws `DataError` where one is not shaped like the draws.
  package static func groups(_ root: JSONValue, like draws: DrawSet) throws -> DrawGroups {
    var groups = DrawGroups()
    groups.logLikelihood = try variables(root, "log_likelihood", .output, draws)
    groups.logPrior = try variables(root, "log_prior", .output, draws)
    groups.posteriorPredictive = try variables(root, "posterior_predictive", .predictive, draws)
    for (name, value) in root["observed_data"]?.members?.entries ?? [] {
      let flat = try Nesting.flatten(value, "observed_data.\(name)")
      groups.observedData.append(.init(name: name, shape: flat.shape, values: flat.values))
    }
    return groups
  }

  private static func variables(_ root: JSONValue, _ group: String, _ kind: VariableKind, _ draws: DrawSet) throws -> [VariableDraws] {
    guard let value = root[group] else { return [] }
    guard let members = value.members else { throw DataError(keyPath: group, reason: "expected an object, found \(value.kindName)") }
    return try members.entries.map { name, value in
      let path = "\(group).\(name)"
      let flat = try Nesting.flatten(value, path)
      guard Array(flat.shape.prefix(2)) == [draws.chains, draws.drawsPerChain] else {
        throw DataError(
          keyPath: path,
          reason: "expected \(draws.chains) chains of \(draws.drawsPerChain) draws as in the posterior, found the shape \(flat.shape)")
      }
      let stride = flat.values.count / draws.chains
      return VariableDraws(
        name: name, kind: kind, shape: Array(flat.shape.dropFirst(2)),
        values: (0..<draws.chains).map { Array(flat.values[$0 * stride..<($0 + 1) * stride]) })
    }
  }
}

extension DrawsCSV {
  /// Before the name of a site whose log likelihood is in the columns; by itself it is what Stan's programs call theirs.
  static let logLikelihood = "log_lik"
  private static let logPrior = "lprior"
  private static let predictive = "_rep"

  /// The draws with the groups as further variables, under the names that Stan's programs give them: `log_lik_y`, `lprior_tau`, `y_rep`.
  package static func flattened(_ draws: DrawSet, _ groups: DrawGroups) -> DrawSet {
    var all = draws
    func add(_ variables: [VariableDraws], _ name: (String) -> String) {
      for variable in variables {
        var renamed = variable
        renamed.name = name(variable.name)
        all.variables.append(renamed)
      }
    }
    add(groups.logLikelihood) { "\(logLikelihood)_\($0)" }
    add(groups.logPrior) { "\(logPrior)_\($0)" }
    add(groups.posteriorPredictive) { $0 + predictive }
    return all
  }

  /// Takes the groups out of draws that were read from columns.
  package static func separated(_ draws: DrawSet) -> (draws: DrawSet, groups: DrawGroups) {
    var rest = draws
    var groups = DrawGroups()
    rest.variables = []
    for var variable in draws.variables {
      let name = variable.name
      if name == logLikelihood || name == logPrior {
        if name == logPrior { groups.logPrior.append(variable) } else { groups.logLikelihood.append(variable) }
      } else if name.hasPrefix(logLikelihood + "_") {
        variable.name = String(name.dropFirst(logLikelihood.count + 1))
        groups.logLikelihood.append(variable)
      } else if name.hasPrefix(logPrior + "_") {
        variable.name = String(name.dropFirst(logPrior.count + 1))
        groups.logPrior.append(variable)
      } else if name.hasSuffix(predictive) {
        variable.name = String(name.dropLast(predictive.count))
        variable.kind = .predictive
        groups.posteriorPredictive.append(variable)
      } else {
        rest.variables.append(variable)
      }
    }
    return (rest, groups)
  }
}

extension DrawsCSV {
  /// Names that cannot be columns, a sentence each: they would be read back as something else.
  package static func unwritable(_ draws: DrawSet, _ groups: DrawGroups) -> [String] {
    flattened(draws, groups).variables.compactMap { variable in
      let name = variable.name
      if name.isEmpty || name.contains(where: { $0 == "," || $0 == "\"" || $0 == "#" || $0.isNewline }) {
        return "\"\(name)\" cannot be the name of a column in CSV."
      }
      if name.contains(":") { return "the colon in \"\(name)\" stands for a point in CmdStan's columns: rename the variable." }
      if name.hasSuffix("__") { return "\"\(name)\" ends like a statistic of the sampler in CmdStan's columns: rename the variable." }
      if variable.size == 0 { return "\(name) has no elements, and so no column." }
      return nil
    }
  }
}
