// A product that has its launches counted. Delphi 2009 or newer (Windows), and Free Pascal.
program inkwell;

{$ifdef FPC}{$mode delphi}{$endif}
{$apptype console}

// -- exitpoll: begin
uses
  {$ifdef MSWINDOWS}Windows{$else}BaseUnix{$endif};

// Counts this launch. Returns at once, and whatever becomes of the agent, the product goes on.
{$ifdef MSWINDOWS}
procedure StartExitpollAgent;
var
  Self: array[0..32767] of WideChar; // the longest path that Windows knows
  Folder, Agent, Command: UnicodeString;
  Startup: TStartupInfoW;
  Started: TProcessInformation;
  Mode: UINT;
  Last: Integer;
begin
  Last := GetModuleFileNameW(0, Self, Length(Self));
  while (Last > 0) and (Self[Last - 1] <> '\') do
    Dec(Last);
  if Last = 0 then
    Exit;
  SetString(Folder, PWideChar(@Self[0]), Last);
  Folder := Folder + 'exitpoll';
  Agent := Folder + '\exitpoll-agentw.exe';
  Command := 'exitpoll-agentw.exe launch';
  UniqueString(Command); // Windows writes into it
  FillChar(Startup, SizeOf(Startup), 0);
  Startup.cb := SizeOf(Startup);
  // No busy pointer, and instead of our streams none.
  Startup.dwFlags := STARTF_FORCEOFFFEEDBACK or STARTF_USESTDHANDLES;
  // The agent takes this over: should it crash, Windows shows nothing.
  Mode := SetErrorMode(SEM_FAILCRITICALERRORS or SEM_NOGPFAULTERRORBOX);
  if CreateProcessW(PWideChar(Agent), PWideChar(Command), nil, nil, False, CREATE_NO_WINDOW, nil,
    PWideChar(Folder), Startup, Started) then
  begin
    CloseHandle(Started.hThread);
    CloseHandle(Started.hProcess);
  end;
  SetErrorMode(Mode);
end;
{$else}
procedure StartExitpollAgent;
const
  MostFiles = 65536;
var
  Folder: RawByteString;
  Arguments: array[0..2] of PAnsiChar;
  Child: TPid;
  Status, Last, Number: cint;
begin
  Folder := ParamStr(0);
  Last := Length(Folder);
  while (Last > 0) and (Folder[Last] <> '/') do
    Dec(Last);
  SetLength(Folder, Last);
  Folder := Folder + 'exitpoll';
  Arguments[0] := 'exitpoll-agent';
  Arguments[1] := 'launch';
  Arguments[2] := nil;
  Child := FpFork;
  if Child = 0 then
  begin
    // A session of its own, and a parent that ends here: no signal of ours reaches the agent,
    // and init takes it in, so that no zombie is left.
    FpSetsid;
    if FpFork <> 0 then
      FpExit(0);
    for Number := 0 to MostFiles - 1 do
      FpClose(Number); // it holds nothing of ours
    FpOpen('/dev/null', O_RDWR); // is 0, as nothing else is open
    FpDup2(0, 1);
    FpDup2(0, 2);
    if FpChdir(Folder) = 0 then
      FpExecv('./exitpoll-agent', @Arguments);
    FpExit(127);
  end;
  if Child > 0 then
    while (FpWaitPid(Child, Status, 0) = -1) and (FpGetErrno = ESysEINTR) do;
end;
{$endif}
// -- exitpoll: end

begin
  StartExitpollAgent; // exitpoll: the call
  WriteLn('Inkwell: nothing to write about yet');
end.
