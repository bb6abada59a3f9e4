using PageStore.Cli;

return await Tool.RunAsync(args, ToolConsole.OfProcess());
