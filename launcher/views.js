// Slipway's views of Temporal UI: columns with state and title in its list of workflows, and saved queries beside it. Temporal UI keeps
// both in the browser. It is run by /slipway of the proxy of make run; elsewhere, paste it into the console of a page of Temporal UI.
"use strict";
(() => {
  const namespace = (location.pathname.match(/^\/namespaces\/([^/]+)/) || [])[1] || "default";
  const running = 'ExecutionStatus="Running"';
  const views = {
    "Mini-programs": 'WorkflowType="MiniProgram" AND ' + running,
    "Reviews under way": 'MiniProgramState IN ("CreationPending","PublishingPending") AND ' + running,
    "Overdue reviews": "MiniProgramOverdue=true AND " + running,
    "Rollouts under way": 'MiniProgramState IN ("GrayscaleRelease","ProductionRelease") AND ' + running,
  };
  const columns = ["Status", "MiniProgramState", "MiniProgramTitle", "Workflow ID", "MiniProgramTeam", "MiniProgramVersion",
    "MiniProgramLiveVersion", "MiniProgramRolloutPercent", "MiniProgramDueAt", "Start"];

  const change = (key, ours) => {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    kept[namespace] = ours(kept[namespace] || []);
    localStorage.setItem(key, JSON.stringify(kept));
  };
  change("namespace-workflow-table-columns", () => columns.map((label) => ({ label })));
  change("saved-workflow-queries", (kept) => [
    ...kept.filter((view) => !(view.name in views)),
    ...Object.entries(views).map(([name, query]) => ({ id: "slipway " + name, name, query, type: "user" })),
  ]);
  location.replace(`/namespaces/${namespace}/workflows?query=${encodeURIComponent(views["Mini-programs"])}`);
})();
