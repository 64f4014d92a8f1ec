using Refill.Server;

return await Commands.Root().Parse(args).InvokeAsync();
