/// One option of a command, as the help and the parser see it.
struct OptionSpecification: Sendable {
  let name: String
  /// What follows the option, for the help: `N`, `FILE`, `NAME[:RATE]`; nil for a flag.
  let value: String?
  let help: String
  /// Whether it may be given more than once.
  let repeats: Bool

  init(_ name: String, _ value: String?, _ help: String, repeats: Bool = false) {
    self.name = name
    self.value = value
    self.help = help
    self.repeats = repeats
  }
}

/// One command: its name, what it takes, and its help.
struct CommandSpecification: Sendable {
  let name: String
  /// The arguments without a dash, for the usage line.
  let operands: String
  let summary: String
  let details: String
  let options: [OptionSpecification]

  static let all: [CommandSpecification] = [
    new, models, describe, graph, check, simulate, infer, predict, summarize, plot, report, compare, sensitivity, calibrate, convert, merge,
    build, notebook, estimators, bench, agree, completions, man,
  ]

  static func named(_ name: String) -> CommandSpecification? { all.first { $0.name == name } }

  private static let data = OptionSpecification(
    "--data", "FILE", "the model's data: one JSON object, names to numbers or nested arrays (row-major); - reads standard input")
  private static let help = OptionSpecification("--help", nil, "this text")

  static let models = CommandSpecification(
    name: "models", operands: "", summary: "list the built-in models, a line each", details: "", options: [help])

  static let describe = CommandSpecification(
    name: "describe", operands: "MODEL", summary: "show a model's sites, shapes, supports, plates, data and the size of its graph",
    details: "", options: [data, OptionSpecification("--json", nil, "print JSON instead of a table")] + surgery + [help])

  static let bench = CommandSpecification(
    name: "bench", operands: "MODEL", summary: "time one value-and-gradient at 1, 8 and 64 lanes, and the building of the plan",
    details: "Prints JSON; times are for all lanes of an evaluation together.",
    options: [
      data,
      OptionSpecification("--batches", "N", "batches for each number of lanes, from which minimum and median are taken (default 100)"),
      OptionSpecification("--seed", "N", "seed of the point of evaluation (default 1)"), help,
    ])

  static let summarize = CommandSpecification(
    name: "summarize", operands: "FILE…", summary: "print a table from results, from draws in JSON, or from draws in CmdStan's CSV",
    details: "Several CSV files are taken as the chains of one fit; every JSON file is one fit.",
    options: [
      OptionSpecification("--all", nil, "every element of every variable (default: at most 20 of each)"),
      OptionSpecification("--hdi", "P", "for draws: the interval of highest density with probability P, 0.94 for instance"),
      OptionSpecification(
        "--output", "FILE",
        "write the summary of draws as JSON (credence/posterior/1, with errors of quantiles); - writes it to standard output"),
      help,
    ])

  static let merge = CommandSpecification(
    name: "merge", operands: "FILE…", summary: "join the chains of one run that were drawn on several machines, with all diagnostics",
    details: """
      Takes what infer --chain-id K --draws-output wrote, CSV or JSON. Chains of different models, data or settings are refused, and one chain twice.
      """,
    options: [
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/posterior/1); - writes it to standard output"),
      OptionSpecification("--draws-output", "FILE", "write the draws of all chains, as infer does"), help,
    ])

  static let notebook = CommandSpecification(
    name: "notebook", operands: "SCRIPT", summary: "run a Swift script in cells and weave its output into one page",
    details: """
      Each line // %% begins a cell; the comments before its first line of code are prose in Markdown. What is printed, and tables and plots given to show(…), \
      stand below the code. Outputs are kept by the code they depend on: a page is written again without running anything where only prose has changed.
      Exit codes: 0 done; 2 the script does not compile, threw an error or ended itself; 1 it crashed; 130 interrupted. After an error the page has all that came \
      before it.
      """,
    options: [
      OptionSpecification(
        "--output", "FILE", "the page, .html or .md; - for HTML on standard output (default: the script's name with .html; short: -o)"),
      OptionSpecification("--fresh", nil, "run the script although nothing has changed"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors"), help,
    ])

  static let infer = CommandSpecification(
    name: "infer", operands: "MODEL", summary: "fit a model and report its posterior",
    details: """
      MODEL is the name of a built-in model (credence models) or a Swift file with one @main struct that conforms to Model.
      Exit codes: 0 done; 2 usage, data or model error; 3 finished, but the verdict is fail; 130 interrupted, with what was finished written out.
      """,
    options: [
      data,
      OptionSpecification("--method", "NAME", "nuts (default), vi, laplace, map, pathfinder, batch-and-match, svgd, smc or importance"),
      OptionSpecification("--seed", "N", "seed of all randomness; equal seed, equal bits (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--draws", "N", "draws per chain (nuts: 1000), or from the approximation (4000; svgd: its 128 particles)"),
      OptionSpecification("--chains", "N", "nuts: chains (default 4); smc: populations (4), whose spread is the error of the evidence"),
      OptionSpecification("--warmup", "N", "nuts: warmup iterations per chain (default 1000)"),
      OptionSpecification("--metric", "NAME", "nuts: automatic (default), diagonal or dense"),
      OptionSpecification(
        "--adaptation", "NAME", "nuts, diagonal metric: fisher (draws and gradients; default) or windowed (Stan's)"),
      OptionSpecification(
        "--centering", "NAME",
        "nuts: auto (default; latent sites centred, non-centred or in between, as a short run before the chains shows to be best) or as-written"
      ),
      OptionSpecification(
        "--init", "NAME|FILE",
        "nuts, vi, laplace, map: where to begin: random (default), zero, prior, pathfinder (nuts), or a file: values by name, a result, draws, or a checkpoint (nuts: with its metric and step sizes)"
      ),
      OptionSpecification(
        "--target-acceptance", "P",
        "nuts: target acceptance statistic, between 0 and 1 (default: 0.8, raised by each chain that diverges late in its warmup)"),
      OptionSpecification("--max-depth", "N", "nuts: maximum tree depth (default 10)"),
      OptionSpecification("--thin", "K", "nuts: keep every K-th draw"),
      OptionSpecification(
        "--until", "PRECISION",
        "nuts: go on after --draws until mcse.mean=0.01sd or ess=1000, say, holds for every variable (looked at after each half as many draws again; at most 64 times --draws)"
      ),
      OptionSpecification("--no-draws", nil, "nuts: keep no draws; summaries in constant memory, errors and quantiles approximate"),
      OptionSpecification("--chain-id", "K", "nuts: only chain K (from 1) of --chains, with the same bits; see credence merge"),
      OptionSpecification(
        "--guide", "NAME",
        "vi: mean-field (default), full-rank, low-rank:R, flow:KIND[:LAYERS], mixture:K, student or structured; KIND is affine, spline, iaf, maf, planar, radial, sylvester or bnaf"
      ),
      OptionSpecification(
        "--estimator", "SITE=NAME[:ARG]", "vi: gradient estimator of one site; auto: the best unbiased one (see credence estimators)",
        repeats: true),
      OptionSpecification("--steps", "N", "vi: at most this many steps (default: until converged)"),
      OptionSpecification(
        "--particles", "N", "vi: Monte Carlo samples per step; smc: particles of a population (1000); importance: proposals (40000)"),
      OptionSpecification("--optimizer", "NAME[:RATE]", "vi: adam, adamw, rmsprop, adagrad, sgd or dowg, with its step size at the start"),
      OptionSpecification(
        "--objective", "NAME",
        "vi: elbo (default), iwae:K, renyi:A, tail-adaptive, forward-kl, log-variance or fixed-draws (linear-response covariances)"),
      OptionSpecification("--refine", "NAME", "vi, laplace, …: psis (resample by importance weights) or nuts (go on from the guide)"),
      OptionSpecification("--minibatch", "PLATE=N", "vi: elements of a plate per step", repeats: true),
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/posterior/1); - writes it to standard output"),
      OptionSpecification(
        "--draws-output", "FILE",
        "write the draws: F.json for ArviZ's from_dict, F.csv for CmdStan's readers (several chains: F_1.csv, F_2.csv, … as CmdStan names them)"
      ),
      OptionSpecification(
        "--checkpoint", "FILE", "save the state of the run there from time to time and in the end; a kill at any moment leaves a whole file"
      ),
      OptionSpecification("--checkpoint-every", "SECONDS", "seconds between savings (default 30; 0: as often as possible)"),
      OptionSpecification(
        "--resume", "FILE", "go on from a checkpoint, with the options it was started with and to the same bits; saves there, too"),
      OptionSpecification("--extend", "N", "with --resume: N more draws, as if they had been asked for at the start"),
      OptionSpecification(
        "--include", "NAME,…",
        "write beside the draws: log-likelihood (of each datum, for compare and ArviZ's loo), log-prior (for sensitivity), predictive (data drawn anew)",
        repeats: true),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where --output is given"),
      OptionSpecification("--progress", "KIND", "auto (default), plain, json or none"),
    ] + surgery + [help])
}

extension CommandSpecification {
  /// `credence infer MODEL [options]`; a program with a model of its own leaves out MODEL.
  func usage(program: String, hasFixedModel: Bool) -> String {
    let operand = hasFixedModel && operands == "MODEL" ? "" : operands
    return [program, name, operand, options.count > 1 ? "[options]" : ""].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The summary as a sentence.
  var sentence: String { summary.prefix(1).uppercased() + summary.dropFirst() + (summary.hasSuffix("?") ? "" : ".") }

  /// The details: a line that does not end as a sentence does goes on in the next, and a line that is laid out by spaces stays as it is.
  var paragraphs: [String] {
    var paragraphs: [String] = []
    var isOpen = false
    for line in details.split(separator: "\n").map(String.init) {
      let isLaidOut = line.contains("  ")
      if isOpen, !isLaidOut { paragraphs[paragraphs.count - 1] += " " + line } else { paragraphs.append(line) }
      isOpen = !isLaidOut && !".:?".contains(line.last ?? ".")
    }
    return paragraphs
  }

  /// Lines no longer than this, on any terminal: what a page of help looks like does not depend on where it is read.
  private static let helpWidth = 110

  func helpText(program: String, hasFixedModel: Bool) -> String {
    let heads = options.map { [$0.name, $0.value].compactMap { $0 }.joined(separator: " ") }
    let width = heads.map(\.count).max() ?? 0
    var text = "usage: \(usage(program: program, hasFixedModel: hasFixedModel))\n\n"
    for line in [sentence] + paragraphs {
      text += (line.contains("  ") ? line : Paragraph.wrapped(line, width: Self.helpWidth, indentation: 0)) + "\n"
    }
    text += "\n"
    for (head, option) in zip(heads, options) {
      text += "  " + head.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
      text += Paragraph.wrapped(option.help, width: Self.helpWidth, indentation: width + 4) + "\n"
    }
    return text
  }

  static func overview(program: String, hasFixedModel: Bool) -> String {
    let commands = hasFixedModel ? all.filter { !Command.needsLibrary.contains($0.name) } : all
    let usages = commands.map { $0.usage(program: program, hasFixedModel: hasFixedModel) }
    let width = usages.map(\.count).max() ?? 0
    var text = "Credence: probabilistic models in Swift, from the command line.\n\n"
    for (usage, command) in zip(usages, commands) {
      text += "  " + usage.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + command.summary + "\n"
    }
    text += "\n  \(program) COMMAND --help" + "  the options of a command\n  \(program) --version\n"
    return text
  }
}
