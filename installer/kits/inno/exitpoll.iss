; Exitpoll for Inno Setup 6: #include this after your [Setup] section.
;
; At install it puts the agent into {app}\exitpoll and tells it so. In the uninstaller it asks why, on one
; page, and once your product is gone it runs the agent a single time and deletes it. Whatever goes wrong
; with the agent, nobody sees it, and no uninstaller waits for it longer than ExitpollPatience: on a slow
; machine the agent goes on beside the product's folder, and is deleted half a minute later.
; It adds to your own event functions and replaces none of them.

#include "exitpoll-settings.iss"

#ifndef ExitpollVersion
  #define ExitpollVersion SetupSetting("AppVersion")
#endif
#if ExitpollVersion == ""
  #error Set AppVersion in [Setup] above the #include of exitpoll.iss, or #define ExitpollVersion before it
#endif
#define ExitpollAppId SetupSetting("AppId") == "" ? SetupSetting("AppName") : SetupSetting("AppId")
#define ExitpollQuoted(str Text) StringChange(Text, "'", "''")

[Files]
; The agent is the last thing that the uninstaller deletes: it has to tell first.
Source: "{#ExtractFileDir(__PATHFILENAME__)}\agent\*"; DestDir: "{app}\exitpoll"; Flags: ignoreversion recursesubdirs createallsubdirs uninsneveruninstall

[InstallDelete]
; Of an older agent nothing stays beside a newer one.
Type: filesandordirs; Name: "{app}\exitpoll\_internal"

[Code]
const
  ExitpollPatience = 3000; { milliseconds that the uninstaller waits for the agent }
  ExitpollSetupsPatience = 20000; { the setup has just begun to be useful, and a scanner reads new files }
  ExitpollDying = 500; { and for Windows to end one that takes longer }
  ExitpollDeletingTries = 10;
  ExitpollDeletingPause = 100; { milliseconds; a scanner may hold a file for a moment }
  EXITPOLL_CREATE_NO_WINDOW = $08000000;
  EXITPOLL_NO_CRASH_DIALOGS = $8003; { SEM_FAILCRITICALERRORS, _NOGPFAULTERRORBOX, _NOOPENFILEERRORBOX }
  EXITPOLL_GWL_EXSTYLE = -20;
  EXITPOLL_WS_EX_LAYOUTRTL = $00400000;
  EXITPOLL_RIGHT_TO_LEFT = #$202B; { begins a text that is read so, whatever names are in it }

type
  TExitpollStartup = record
    Size, Reserved, Desktop, Title, X, Y, Width, Height, CharsX, CharsY, Fill, Flags: LongWord;
    Show, Reserved2: Word;
    Reserved3, Input, Output, Error: LongWord;
  end;
  TExitpollProcess = record
    Process, Thread, ProcessId, ThreadId: LongWord;
  end;

var
  ExitpollConsentPage: TInputOptionWizardPage;
  ExitpollWasHere, ExitpollProductWasHere: Boolean;
  ExitpollAnswers, ExitpollComment: String;
  ExitpollAside: Boolean; { the agent's folder was moved out of the product's }
  ExitpollIsRunning: Boolean; { and the agent goes on there, for half a minute at most }

function ExitpollCreateProcess(Application, Command: String; ProcessSecurity, ThreadSecurity: LongWord;
  Inherit: BOOL; Flags, Environment: LongWord; Folder: String; var Startup: TExitpollStartup;
  var Process: TExitpollProcess): BOOL;
external 'CreateProcessW@kernel32.dll stdcall';
function ExitpollWait(Handle, Milliseconds: LongWord): LongWord;
external 'WaitForSingleObject@kernel32.dll stdcall';
function ExitpollExitCode(Handle: LongWord; var ExitCode: LongWord): BOOL;
external 'GetExitCodeProcess@kernel32.dll stdcall';
function ExitpollTerminate(Handle, ExitCode: LongWord): BOOL;
external 'TerminateProcess@kernel32.dll stdcall';
function ExitpollClose(Handle: LongWord): BOOL;
external 'CloseHandle@kernel32.dll stdcall';
function ExitpollSetErrorMode(Mode: LongWord): LongWord;
external 'SetErrorMode@kernel32.dll stdcall';
function ExitpollGetStyle(Window: HWND; Index: Integer): LongInt;
external 'GetWindowLongW@user32.dll stdcall';
function ExitpollSetStyle(Window: HWND; Index: Integer; Style: LongInt): LongInt;
external 'SetWindowLongW@user32.dll stdcall';

{ -- running the agent ------------------------------------------------------------------ }

{ Aside is on the same disk as the product, and as safe from others. }
function ExitpollFolder: String;
begin
  if ExitpollAside then
    Result := ExpandConstant('{app}.exitpoll')
  else
    Result := ExpandConstant('{app}\exitpoll');
end;

{ Once the agent has ended that finds nothing to delete; it waits a second between two of its thirty pings. }
procedure ExitpollDeleteLater;
var
  Code: Integer;
begin
  Exec(ExpandConstant('{cmd}'), '/d /c ping -n 31 127.0.0.1 >nul & rd /s /q "' + ExitpollFolder + '"',
    ExpandConstant('{sys}'), SW_HIDE, ewNoWait, Code);
end;

{ Returns whether the agent did it. One that is missing, cannot be started or crashes is over in time; one that
  takes longer goes on where it was moved aside, and otherwise is ended. }
function ExitpollRun(Arguments: String; Patience: LongWord): Boolean;
var
  Agent: String;
  Startup: TExitpollStartup;
  Process: TExitpollProcess;
  Mode, ExitCode: LongWord;
begin
  Result := False;
  Agent := ExitpollFolder + '\exitpoll-agentw.exe';
  if not FileExists(Agent) then
    Exit;
  Startup.Size := 68; { of the record above }
  Log('Exitpoll: ' + Arguments);
  { The agent inherits the mode: a crash of it opens no window. }
  Mode := ExitpollSetErrorMode(EXITPOLL_NO_CRASH_DIALOGS);
  try
    if not ExitpollCreateProcess(Agent, '"' + Agent + '" ' + Arguments, 0, 0, False,
      EXITPOLL_CREATE_NO_WINDOW, 0, ExpandConstant('{sys}'), Startup, Process) then begin
      Log('Exitpoll: the agent could not be started');
      Exit;
    end;
  finally
    ExitpollSetErrorMode(Mode);
  end;
  if ExitpollWait(Process.Process, Patience) <> 0 then begin
    if ExitpollAside then begin
      Log('Exitpoll: the agent goes on');
      ExitpollIsRunning := True;
      ExitpollDeleteLater;
    end else begin
      Log('Exitpoll: the agent was ended');
      ExitpollTerminate(Process.Process, 1);
      ExitpollWait(Process.Process, ExitpollDying);
    end;
  end else if ExitpollExitCode(Process.Process, ExitCode) then
    Result := ExitCode = 0;
  ExitpollClose(Process.Thread);
  ExitpollClose(Process.Process);
end;

{ In the caption of a box & marks a key. }
function ExitpollCaption(Text: String): String;
begin
  StringChangeEx(Text, '&', '&&', True);
  Result := Text;
end;

{ -- installing ------------------------------------------------------------------------- }

function ExitpollIsKnown: Boolean;
begin
  Result := RegKeyExists(HKA, 'Software\Microsoft\Windows\CurrentVersion\Uninstall\'
    + ExpandConstant('{#ExitpollQuoted(ExitpollAppId)}') + '_is1');
end;

{ TOML's own way to write what is not plain ASCII. }
function ExitpollToml(Text: String): String;
var
  I: Integer;
begin
  for I := 1 to Length(Text) do
    if (Text[I] < ' ') or (Text[I] > '~') or (Text[I] = '"') or (Text[I] = '\') then
      Result := Result + '\u' + Format('%.4x', [Ord(Text[I])])
    else
      Result := Result + Text[I];
end;

procedure ExitpollWriteVersion;
var
  Settings: AnsiString;
  Version: String;
begin
  Version := ExpandConstant('{#ExitpollQuoted(ExitpollVersion)}');
  if LoadStringFromFile(ExitpollFolder + '\exitpoll.toml', Settings) then
    SaveStringToFile(ExitpollFolder + '\exitpoll.toml',
      'version = "' + ExitpollToml(Version) + '"' + #13#10 + Settings, False);
end;

<event('InitializeWizard')>
procedure ExitpollInitializeWizard;
var
  Words: TExitpollWords;
begin
  if ExitpollConsent <> 'ask' then
    Exit;
  Words := ExitpollWords(GetUILanguage and $3FF);
  ExitpollConsentPage := CreateInputOptionPage(wpSelectTasks, Words.ConsentTitle, '', Words.ConsentText,
    False, False);
  ExitpollConsentPage.Add(ExitpollCaption(Words.ConsentYes));
end;

{ Whoever was asked is not asked again by an update. }
<event('ShouldSkipPage')>
function ExitpollShouldSkipPage(PageID: Integer): Boolean;
begin
  Result := (ExitpollConsentPage <> nil) and (PageID = ExitpollConsentPage.ID)
    and FileExists(ExitpollFolder + '\exitpoll.toml');
end;

function ExitpollChoice: String;
begin
  { Nobody saw the box of a silent setup. }
  if not WizardSilent and ExitpollConsentPage.Values[0] then
    Result := 'full'
  else
    Result := 'exit';
end;

<event('CurStepChanged')>
procedure ExitpollCurStepChanged(CurStep: TSetupStep);
begin
  if CurStep = ssInstall then begin
    ExitpollWasHere := FileExists(ExitpollFolder + '\exitpoll.toml');
    ExitpollProductWasHere := ExitpollIsKnown;
  end;
  if CurStep <> ssPostInstall then
    Exit;
  ExitpollWriteVersion;
  { Where the person's word could not be kept the agent has no address, and sends nothing. }
  if not ExitpollWasHere and (ExitpollConsent = 'ask') then
    if not ExitpollRun('consent ' + ExitpollChoice, ExitpollSetupsPatience) then
      DeleteFile(ExitpollFolder + '\exitpoll.toml');
  if ExitpollProductWasHere and not ExitpollWasHere then
    ExitpollRun('install --was-in-use', ExitpollSetupsPatience)
  else
    ExitpollRun('install', ExitpollSetupsPatience);
end;

{ -- uninstalling ----------------------------------------------------------------------- }

function ExitpollButton(Form: TSetupForm; Caption: String; Kind: TModalResult): TNewButton;
begin
  Result := TNewButton.Create(Form);
  Result.Parent := Form;
  Result.Caption := Caption;
  Result.ModalResult := Kind;
  Result.Width := Form.CalculateButtonWidth([Caption]);
  Result.Height := ScaleY(23);
  Result.Top := Form.ClientHeight - Result.Height - ScaleY(12);
end;

function ExitpollLabel(Form: TSetupForm; Caption: String; Top: Integer): TNewStaticText;
begin
  Result := TNewStaticText.Create(Form);
  Result.Parent := Form;
  Result.AutoSize := False;
  Result.WordWrap := True;
  Result.ShowAccelChar := False;
  Result.SetBounds(ScaleX(16), Top, Form.ClientWidth - ScaleX(32), 0);
  Result.Caption := Caption;
  Result.AdjustHeight;
end;

function ExitpollForm(Height: Integer; RightToLeft: Boolean): TSetupForm;
begin
#if VER >= EncodeVer(6, 6, 0)
  Result := CreateCustomForm(440, Height, True, True);
#else
  Result := CreateCustomForm;
  Result.ClientWidth := ScaleX(440);
  Result.ClientHeight := ScaleY(Height);
#endif
  Result.Caption := UninstallProgressForm.Caption;
  Result.Position := poScreenCenter;
  { What is put on a form that is mirrored is mirrored too. }
  if RightToLeft then
    ExitpollSetStyle(Result.Handle, EXITPOLL_GWL_EXSTYLE,
      ExitpollGetStyle(Result.Handle, EXITPOLL_GWL_EXSTYLE) or EXITPOLL_WS_EX_LAYOUTRTL);
end;

{ What the agent is told of the reason on a page that was answered: nothing but a click is an answer too. }
function ExitpollAnswered(Reason: Integer): String;
begin
  Result := ' --reason ""';
  if Reason >= 0 then
    Result := ' --reason "' + ExitpollReasonIds[Reason] + '"';
end;

{ A name in Latin letters at the end of an Arabic question belongs at its left. }
procedure ExitpollRightToLeft(var Words: TExitpollWords);
var
  I: Integer;
begin
  Words.Question := EXITPOLL_RIGHT_TO_LEFT + Words.Question;
  Words.Comment := EXITPOLL_RIGHT_TO_LEFT + Words.Comment;
  for I := 0 to GetArrayLength(Words.Reasons) - 1 do
    Words.Reasons[I] := EXITPOLL_RIGHT_TO_LEFT + Words.Reasons[I];
end;

procedure ExitpollAsk;
var
  Words: TExitpollWords;
  Form: TSetupForm;
  Heading, Remark: TNewStaticText;
  Reasons: TNewCheckListBox;
  Comment: TNewMemo;
  Send, Browser, Skip: TNewButton;
  I, Chosen: Integer;
begin
  Words := ExitpollWords(GetUILanguage and $3FF);
  if Words.RightToLeft then
    ExitpollRightToLeft(Words);
  Form := ExitpollForm(190 + 24 * GetArrayLength(Words.Reasons), Words.RightToLeft);
  try
    Heading := ExitpollLabel(Form, Words.Question, ScaleY(16));
    Heading.Font.Style := [fsBold];
    Heading.AdjustHeight;
    Reasons := TNewCheckListBox.Create(Form);
    Reasons.Parent := Form;
    Reasons.SetBounds(ScaleX(16), Heading.Top + Heading.Height + ScaleY(10), Form.ClientWidth - ScaleX(32),
      ScaleY(24) * GetArrayLength(Words.Reasons));
    Reasons.BorderStyle := bsNone;
    Reasons.ParentColor := True;
    Reasons.ShowLines := False;
    Reasons.WantTabs := True;
    Reasons.MinItemHeight := ScaleY(22);
    for I := 0 to GetArrayLength(Words.Reasons) - 1 do
      Reasons.AddRadioButton(ExitpollCaption(Words.Reasons[I]), '', 0, False, True, nil);
    Remark := ExitpollLabel(Form, Words.Comment, Reasons.Top + Reasons.Height + ScaleY(8));
    Comment := TNewMemo.Create(Form);
    Comment.Parent := Form;
    Comment.SetBounds(ScaleX(16), Remark.Top + Remark.Height + ScaleY(4), Form.ClientWidth - ScaleX(32), 0);
    Comment.Height := Form.ClientHeight - ScaleY(47) - Comment.Top;
    Comment.ScrollBars := ssVertical;
    Skip := ExitpollButton(Form, Words.Skip, mrCancel);
    Skip.Cancel := True;
    Skip.Left := Form.ClientWidth - Skip.Width - ScaleX(16);
    Send := ExitpollButton(Form, Words.Send, mrOk);
    Send.Default := True;
    Send.Left := Skip.Left - Send.Width - ScaleX(8);
    Browser := ExitpollButton(Form, Words.InBrowser, mrYes);
    Browser.Left := ScaleX(16);
    Form.ActiveControl := Reasons;
    Chosen := -1;
    case Form.ShowModal of
      mrOk: begin
        for I := 0 to Reasons.Items.Count - 1 do
          if Reasons.Checked[I] then
            Chosen := I;
        { Nobody tells an upgrade why they are leaving. }
        ExitpollAnswers := ' --context remove' + ExitpollAnswered(Chosen);
        ExitpollComment := Trim(Comment.Text);
      end;
      mrYes: ExitpollAnswers := ' --context remove --open-survey';
    else
      ExitpollAnswers := ' --reason ""';
    end;
  finally
    Form.Free;
  end;
end;

{ Where nothing holds it the agent is moved aside first: there a slow machine's may go on. }
procedure ExitpollTell;
var
  Arguments, FileName: String;
begin
  DelTree(ExpandConstant('{app}.exitpoll'), True, True, True);
  ExitpollAside := RenameFile(ExpandConstant('{app}\exitpoll'), ExpandConstant('{app}.exitpoll'));
  Arguments := 'uninstall --finish' + ExitpollAnswers;
  if ExitpollAside then
    Arguments := Arguments + ' --linger "' + ExpandConstant('{app}\exitpoll') + '"';
  if ExitpollComment <> '' then begin
    { Beside the agent, which may read it when the uninstaller has ended. }
    FileName := ExitpollFolder + '\comment.txt';
    if SaveStringsToUTF8File(FileName, [ExitpollComment], False) then
      Arguments := Arguments + ' --comment-file "' + FileName + '"';
  end;
  ExitpollRun(Arguments, ExitpollPatience);
end;

procedure ExitpollDeleteAgent;
var
  I: Integer;
begin
  for I := 1 to ExitpollDeletingTries do begin
    if ExitpollIsRunning or not DirExists(ExitpollFolder) or DelTree(ExitpollFolder, True, True, True) then
      Break;
    Sleep(ExitpollDeletingPause);
  end;
  { Only where they are empty: what the uninstaller would have removed, had the agent not been there. }
  if RemoveDir(ExpandConstant('{app}')) then
    RemoveDir(ExtractFileDir(ExpandConstant('{app}')));
end;

<event('CurUninstallStepChanged')>
procedure ExitpollCurUninstallStepChanged(CurUninstallStep: TUninstallStep);
begin
  if CurUninstallStep = usUninstall then begin
    if UninstallSilent then
      ExitpollAnswers := ' --unattended'
    else if ExitpollSurvey = 'open' then
      ExitpollAnswers := ' --open-survey'
    else if (ExitpollSurvey = 'ask') and DirExists(ExitpollFolder) then
      ExitpollAsk;
  end;
  if CurUninstallStep = usPostUninstall then begin
    ExitpollTell;
    ExitpollDeleteAgent;
  end;
end;
