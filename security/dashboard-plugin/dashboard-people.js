// Node-RED loads this through nodesDir in settings.js; what it does is in security/dashboard-hooks.ts.
module.exports = (RED) => {
  const { dashboardHooks } = require("../../dist/security/dashboard-hooks.js");
  RED.plugins.registerPlugin("meditwin-dashboard-people", { type: "node-red-dashboard-2", hooks: dashboardHooks });
};
