import Foundation
import Inference

/// One fit (or one prediction) as one page of HTML that needs nothing from elsewhere: no script, font or picture is loaded, and a policy in its head
/// forbids it.
package struct ReportPage: Sendable {
  package var material: PlotMaterial
  package var prediction: PredictionDocument?
  package var graph: ModelGraph?
  /// The version of the program that writes the page.
  package var version: String

  package init(_ material: PlotMaterial, prediction: PredictionDocument? = nil, graph: ModelGraph? = nil, version: String) {
    self.material = material
    self.prediction = prediction
    self.graph = graph
    self.version = version
  }

  private struct Section {
    var id: String
    var title: String
    var body: String
  }

  /// The whole file. `summary` is the result, or what draws alone allow in place of one.
  package func html(summary: ResultDocument?) -> Data {
    let sections = sections(summary)
    let name = [summary?.modelName, prediction?.modelName].compactMap { $0 }.first { !$0.isEmpty } ?? "draws"
    let title = prediction != nil && summary == nil ? "\(name): prediction" : "\(name): posterior"
    var body = "<header>\n<h1>\(SVG.escaped(title))</h1>\n<p class=\"lead\">\(SVG.escaped(lead(summary)))</p>\n"
    if let summary { body += verdict(summary) }
    body += "</header>\n<nav aria-label=\"Sections\"><ul>"
    body += sections.map { "<li><a href=\"#\($0.id)\">\(SVG.escaped($0.title))</a></li>" }.joined() + "</ul></nav>\n<main>\n"
    for section in sections {
      body += "<section id=\"\(section.id)\">\n<h2>\(SVG.escaped(section.title))</h2>\n\(section.body)</section>\n"
    }
    body += "</main>\n<footer>Written by credence \(SVG.escaped(version)).</footer>"
    let page = HTMLPage(
      title: title, generator: "credence \(version)", style: ReportStyle.sheet + "\n" + PlotStyle.sheet, script: ReportStyle.script,
      body: body)
    return Data(page.text.utf8)
  }

  // MARK: - Words

  private func lead(_ summary: ResultDocument?) -> String {
    var parts: [String] = []
    if let method = summary?.method["name"]?.text { parts.append("Method: \(method).") }
    if let draws = material.draws {
      parts.append(
        "\(draws.chains) chain\(draws.chains == 1 ? "" : "s") of \(draws.drawsPerChain) draw\(draws.drawsPerChain == 1 ? "" : "s").")
    }
    if let data = summary?.data ?? prediction?.data { parts.append("Data: \(data.source).") }
    if let prediction, let source = prediction.method["source"]?.text { parts.append("Prediction from \(source).") }
    return parts.joined(separator: " ")
  }

  private func verdict(_ summary: ResultDocument) -> String {
    let (grade, sentence) =
      switch summary.verdict.verdict {
      case .ok: ("ok", "Every check passed: the numbers may be used.")
      case .caution: ("caution", "The numbers may be used with these reasons in mind.")
      case .fail: ("fail", "The numbers must not be used, for these reasons.")
      }
    let mark = ["ok": "✓", "caution": "!", "fail": "✗"][grade] ?? ""
    var text = "<section class=\"verdict \(grade)\" aria-label=\"Verdict\">\n<h2>\(mark) Verdict: \(grade)</h2>\n<p>\(sentence)"
    if material.result == nil { text += " Only the draws were looked at: the result file has the verdict of the fit itself." }
    if case .bool(true) = summary.diagnostics["interrupted"] { text += " The run was interrupted: these are the draws that were finished." }
    text += "</p>\n"
    if !summary.verdict.reasons.isEmpty {
      let items = summary.verdict.reasons.map { reason in
        "<li>\(SVG.escaped(reason.text))\(reason.code.isEmpty ? "" : " <code>\(SVG.escaped(reason.code))</code>")</li>"
      }
      text += "<ul>\(items.joined(separator: "\n"))</ul>\n"
    }
    return text + "</section>\n"
  }

  // MARK: - Sections

  /// Draws of a guide are independent: their order says nothing.
  private func hasChains(_ summary: ResultDocument?) -> Bool {
    guard let draws = material.draws else { return false }
    return draws.chains > 1 || draws.sampleStats["energy"] != nil || draws.sampleStats["diverging"] != nil
      || (material.result == nil && draws.drawsPerChain > 1)
  }

  private func kinds(_ summary: ResultDocument?) -> [(kind: PlotKind, title: String)] {
    var kinds: [(PlotKind, String)] = []
    if material.result.flatMap({ ObjectiveTrace($0) }) != nil { kinds.append((.elbo, "Objective")) }
    if material.draws != nil || material.result != nil { kinds.append((.forest, "Intervals")) }
    if material.draws != nil {
      if hasChains(summary) { kinds += [(.trace, "Traces"), (.rank, "Ranks")] }
      kinds += [(.density, "Densities"), (.pairs, "Pairs")]
      if material.draws?.sampleStats["diverging"] != nil { kinds.append((.parallel, "Parallel coordinates")) }
      if material.draws?.sampleStats["energy"] != nil { kinds.append((.energy, "Energy")) }
      if hasChains(summary) { kinds += [(.autocorrelation, "Autocorrelation"), (.ess, "Effective sample size")] }
    }
    if material.checks.contains(where: { $0.replications != nil }) { kinds.append((.ppc, "Posterior predictive checks")) }
    if material.checks.contains(where: { $0.replications != nil && $0.logLikelihoods != nil }) { kinds.append((.looPIT, "LOO-PIT")) }
    return kinds
  }

  private func sections(_ summary: ResultDocument?) -> [Section] {
    var sections: [Section] = []
    if let summary { sections.append(Section(id: "summary", title: "Summary", body: ReportTables.summary(summary))) }
    if let prediction {
      let notes = prediction.notes.map { "<p>\(SVG.escaped($0))</p>\n" }.joined()
      sections.append(Section(id: "prediction", title: "Prediction", body: ReportTables.prediction(prediction) + notes))
    }
    for (kind, title) in kinds(summary) {
      let body: String
      var own = material
      // The names are those of posterior variables.
      if kind == .ppc || kind == .looPIT { own.variables = [] }
      do { body = try kind.figure(own).html } catch { body = "<p>\(SVG.escaped("Not shown: \(error)"))</p>\n" }
      sections.append(Section(id: kind.rawValue, title: title, body: body))
    }
    if let graph {
      let drawing = graph.drawing
      let body =
        "<figure class=\"figure\"><figcaption>\(SVG.escaped(drawing.description))</figcaption>\n<div class=\"scroll drawing\" tabindex=\"0\" role=\"group\" aria-label=\"model graph\">\(drawing.inline)</div></figure>\n"
      sections.append(Section(id: "model", title: "Model", body: body))
    }
    if let method = summary?.method ?? prediction?.method, !method.isEmpty {
      var body = ReportTables.settings(method, "The whole effective configuration.")
      if let data = summary?.data ?? prediction?.data {
        body +=
          "<h3>Data</h3>\n" + ReportTables.settings(JSONObject([("source", .string(data.source)), ("sha256", .string(data.sha256))]), "")
      }
      sections.append(Section(id: "configuration", title: "Configuration", body: body))
    }
    if var diagnostics = summary?.diagnostics, !diagnostics.isEmpty {
      diagnostics[ObjectiveTrace.key] = nil
      sections.append(Section(id: "diagnostics", title: "Diagnostics", body: ReportTables.settings(diagnostics, "")))
    }
    if let timing = summary?.timing ?? prediction?.timing, !timing.isEmpty {
      sections.append(Section(id: "timing", title: "Timing", body: ReportTables.settings(timing, "")))
    }
    let missing = missing(summary)
    if !missing.isEmpty {
      let items = missing.map { "<li>\(SVG.escaped($0))</li>" }.joined()
      sections.append(Section(id: "missing", title: "Not in this report", body: "<ul>\(items)</ul>\n"))
    }
    return sections
  }

  /// What could be here, and how to get it.
  private func missing(_ summary: ResultDocument?) -> [String] {
    guard summary != nil else { return [] }
    var sentences: [String] = []
    if material.draws == nil { sentences.append("Plots of draws: infer --draws-output FILE writes draws; give that file too.") }
    if material.result == nil {
      sentences.append("Configuration, timing and the verdict of the fit: infer --output FILE writes the result; give that file too.")
    }
    if material.checks.isEmpty {
      sentences.append(
        "Posterior predictive checks and LOO-PIT: infer --include log-likelihood,predictive --draws-output FILE.json writes what they need."
      )
    }
    if graph == nil { sentences.append("The model's graph: give the model with --model MODEL, and its data with --data FILE.") }
    return sentences
  }
}
