using Refill.Server;

return await Commands.RunAsync(args, Console.Out, Console.Error);
